import { applySystemSchema, provisionService, ServiceDatabase } from "@kerf/data";
import { sagaSchema, type SagaDefinition, SagaEngine } from "@kerf/saga";
import { z } from "zod";
import { benchServer } from "../harness/peer-database.ts";
import { parts } from "../harness/kerf-parts.ts";
import { measure } from "./measure.ts";

const [connectionFile = "", seconds = "3"] = process.argv.slice(2);
const { clock, random, log } = parts;
const provisioned = await provisionService(await benchServer(connectionFile), {
  service: `bench-${process.pid}`,
  passwords: { owner: "owner", app: "app" },
  connections: { owner: -1, app: -1 },
});
await applySystemSchema(provisioned.owner, sagaSchema);
const database = new ServiceDatabase({
  connection: provisioned.app,
  service: "bench",
  instance: "bench",
  connections: 20,
  clock,
});
const three: SagaDefinition<any, any> = {
  name: "three",
  version: 1,
  input: z.object({}),
  async run(s) {
    await s.local("one", () => 1);
    await s.local("two", () => 2);
    await s.local("three", () => 3);
  },
};
const engine = new SagaEngine({
  service: "bench",
  instance: "bench",
  definitions: [three],
  database,
  clients: () => ({}),
  local: () => ({}),
  clock,
  random,
  log,
});
engine.start();

/** As a command starts it: in a transaction of its own. */
async function run(): Promise<void> {
  const id = await database.inTransaction(clock.now() + 10_000, async (transaction) =>
    engine.begin(transaction, three, {}, { trace: "", principal: undefined }),
  );
  await engine.leaves(id);
}

const figures = await measure(Number(seconds), run);
const { rows } = await database
  .reads({ deadline: clock.now() + 10_000 })
  .raw.query("select state, count(*) from kerf.saga group by state");
if (rows.length !== 1 || rows[0].state !== "completed") throw new Error(JSON.stringify(rows));
await engine.stop();
await database.close();
console.log(JSON.stringify(figures));
