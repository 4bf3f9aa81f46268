import { peerDatabase, urlOf } from "../harness/peer-database.ts";
import { requirePeer } from "../harness/require-peer.ts";
import { measure } from "./measure.ts";

/** What of it is used here. */
interface Dbos {
  setConfig(config: object): void;
  registerWorkflow(work: () => Promise<void>, config: object): () => Promise<void>;
  runStep<T>(work: () => Promise<T>, config: object): Promise<T>;
  launch(): Promise<void>;
  startWorkflow(workflow: () => Promise<void>): () => Promise<{ getResult(): Promise<void> }>;
  shutdown(): Promise<void>;
}

const { DBOS } = requirePeer("@dbos-inc/dbos-sdk") as { DBOS: Dbos };
const [connectionFile = "", seconds = "3"] = process.argv.slice(2);
const reached = await peerDatabase(connectionFile, "dbos");
DBOS.setConfig({ name: "bench", systemDatabaseUrl: urlOf(reached), logLevel: "error" });
const three = DBOS.registerWorkflow(
  async () => {
    await DBOS.runStep(async () => 1, { name: "one" });
    await DBOS.runStep(async () => 2, { name: "two" });
    await DBOS.runStep(async () => 3, { name: "three" });
  },
  { name: "three" },
);
await DBOS.launch();
const figures = await measure(Number(seconds), async () => {
  const handle = await DBOS.startWorkflow(three)();
  await handle.getResult();
});
await DBOS.shutdown();
console.log(JSON.stringify(figures));
process.exit(0);
