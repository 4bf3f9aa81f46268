import { ServiceDatabase } from "@kerf/data";
import { schemaFrom } from "@kerf/contract";
import { SagaEngine, type SagaDefinition, type SagaSteps } from "@kerf/saga";
import { parts } from "../harness/kerf-parts.ts";
import { measureSagas, sideOptions } from "./measure.ts";

const { connection, seconds } = await sideOptions();
const { clock, random, log } = parts;
const database = new ServiceDatabase({ connection, service: "bench", instance: "bench", clock });

interface Clients {
  readonly nothing: (input: object) => Promise<void>;
}
const clients: Clients = { nothing: async () => {} };
const definition: SagaDefinition<any, SagaSteps<Clients, unknown>> = {
  name: "three-steps",
  version: 1,
  input: schemaFrom({ type: "object" }, (value) => value),
  async run(s) {
    await s.call("one", s.clients.nothing as never, {});
    await s.call("two", s.clients.nothing as never, {});
    await s.call("three", s.clients.nothing as never, {});
  },
};
const ends = new Map<string, () => void>();
const engine = new SagaEngine({
  service: "bench",
  instance: "bench",
  definitions: [definition as SagaDefinition],
  database,
  clients: () => clients,
  local: () => ({}),
  clock,
  random,
  log,
  onEnd: ({ id }) => {
    ends.get(id)?.();
    ends.delete(id);
  },
});
engine.start();

/** As a command does that starts a saga and nothing else. */
await measureSagas(async () => {
  const id = await database.inTransaction(clock.now() + 30_000, async (transaction) =>
    engine.begin(
      transaction,
      definition as SagaDefinition,
      {},
      { trace: "", principal: undefined },
    ),
  );
  await new Promise<void>((resolve) => ends.set(id, resolve));
}, seconds);
await engine.stop();
await database.close();
