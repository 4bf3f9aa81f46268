import { requirePeer } from "../harness/require-peer.ts";
import { measureSagas, sideOptions } from "./measure.ts";

const { DBOS } = requirePeer("@dbos-inc/dbos-sdk") as {
  DBOS: {
    registerWorkflow(run: () => Promise<void>, options: { name: string }): () => Promise<void>;
    runStep(step: () => Promise<void>, options: { name: string }): Promise<void>;
    setConfig(config: { name: string; systemDatabaseUrl: string; logLevel: string }): void;
    launch(): Promise<void>;
    shutdown(): Promise<void>;
  };
};
const { connection, seconds } = await sideOptions();
const { host, port, user, password } = connection;
const url = `postgresql://${user}:${encodeURIComponent(password)}@localhost:${port}/dbos?host=${encodeURIComponent(host)}`;

const nothing = async (): Promise<void> => {};
const workflow = DBOS.registerWorkflow(
  async () => {
    await DBOS.runStep(nothing, { name: "one" });
    await DBOS.runStep(nothing, { name: "two" });
    await DBOS.runStep(nothing, { name: "three" });
  },
  { name: "three steps" },
);
DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error" });
await DBOS.launch();
await measureSagas(workflow, seconds);
await DBOS.shutdown();
process.exit();
