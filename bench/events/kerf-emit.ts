// The same command, an update of one's own row under a key, with and without an event: transactions a second, in turns.
import {
  applySystemSchema,
  claimOf,
  commandRecordSchema,
  provisionService,
  ServiceDatabase,
} from "@kerf/data";
import { contract, event } from "@kerf/contract";
import { newId } from "@kerf/kernel";
import { eventSchema, Outbox } from "@kerf/events";
import { z } from "zod";
import { parts } from "../harness/kerf-parts.ts";
import { benchServer } from "../harness/peer-database.ts";

const [connectionFile = "", seconds = "2"] = process.argv.slice(2);
const { clock } = parts;
const lanes = 32;
const provisioned = await provisionService(await benchServer(connectionFile), {
  service: `emit-${process.pid}`,
  passwords: { owner: "owner", app: "app" },
  connections: { owner: -1, app: -1 },
});
await applySystemSchema(provisioned.owner, [
  ...commandRecordSchema,
  ...eventSchema,
  {
    name: "own-0001",
    sql: "create table public.account (id int primary key, n int not null default 0); insert into public.account select generate_series(1, 1000)",
  },
]);
const database = new ServiceDatabase({
  connection: provisioned.app,
  service: "bench",
  instance: "bench",
  connections: lanes,
  clock,
});
const accounts = contract("accounts", {
  version: "1.0.0",
  operations: {},
  events: { changed: event({ schema: z.object({ id: z.int(), n: z.int() }), key: "id" }) },
});
const outbox = new Outbox(accounts, () => undefined);
let next = 0;

async function change(emitting: boolean): Promise<void> {
  const id = (next = (next + 1) % 1000) + 1;
  const scope = { service: "bench", operation: "change", principal: "", key: newId(clock) };
  const claim = claimOf(scope, { id }, { wait: true, mayDecline: false });
  const transaction = database.transaction({ deadline: clock.now() + 10_000, claim });
  const { rows } = await transaction.raw.query<{ n: number }>(
    "update account set n = n + 1 where id = $1 returning n",
    [id],
  );
  if (emitting) {
    const emit = outbox.open(transaction, { trace: "", principal: undefined });
    emit["changed"]?.({ id, n: rows[0]?.n });
  }
  transaction.record({ failed: false, answer: JSON.stringify(rows[0]) });
  await transaction.commit();
}

async function rate(emitting: boolean, ms: number): Promise<number> {
  const since = performance.now();
  let done = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() < since + ms; done += 1) await change(emitting);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done / ((performance.now() - since) / 1_000);
}

await rate(true, 500);
await rate(false, 500);
const [plain, emitting]: [number[], number[]] = [[], []];
for (let i = 0; i < Number(seconds); i += 1) {
  // Each is first in turn: what one leaves to the server's background work is done in the time of the next.
  for (const isEmitting of i % 2 === 0 ? [false, true] : [true, false])
    (isEmitting ? emitting : plain).push(await rate(isEmitting, 500));
}
await database.close();
console.log(JSON.stringify({ plain, emitting }));
