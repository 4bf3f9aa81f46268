import assert from "node:assert/strict";
import type { Databases, Found } from "../invariants/found.ts";
import { late, waitForLate } from "../app/mirror.ts";
import type { ScenarioClient } from "../runner/client.ts";
import type { Scenario } from "../scenario.ts";

interface Position {
  readonly model?: { readonly state: string };
}

const mine = /read-model|position/;

async function prepare(databases: Databases): Promise<void> {
  // What only a build from the start mends.
  await databases.rows("mirror", "insert into holding (name, paid) values ('ghost', 1)");
}

/** Waits until the tables are built. */
function built(client: ScenarioClient): Promise<unknown> {
  return client.until(
    () => client.operate<Position[]>("mirror", "events.positions"),
    (positions) => positions.some(({ model }) => model?.state === "live"),
  );
}

/** Pays before, while and after the tables are built anew. */
async function drive(client: ScenarioClient): Promise<void> {
  const pay = (from: string, n: number) =>
    client.pay({ from, to: "shop", amount: 1, label: `${from} ${n}` });
  await pay("ada", 1);
  await built(client);
  await pay("ben", 1);
  const replay = { producer: "wallet", after: "0" };
  await Promise.all([
    client.operate("mirror", "events.replay", replay),
    pay("ada", 2),
    pay("ben", 2),
    pay("eve", 1),
  ]);
  await pay("eve", 2);
}

async function unrest(databases: Databases): Promise<string | undefined> {
  const [model] = await databases.rows<{ state: string; failure: string }>(
    "mirror",
    "select state, failure from kerf.read_model",
  );
  if (model?.state === "live") return undefined;
  return `the read model is ${model?.state}: ${model?.failure}`;
}

/** The tables are exactly what the producer has, and nothing is left of how they were built. */
async function check({ accounts }: Found, databases: Databases): Promise<void> {
  const holdings = await databases.rows<{ name: string; paid: number }>(
    "mirror",
    "select name, paid from holding",
  );
  assert.deepEqual(
    new Map(holdings.map(({ name, paid }) => [name, paid])),
    new Map([...accounts].map(([name, { paid }]) => [name, paid])),
    "the read model is what the wallet says",
  );
  const left = await databases.rows<{ name: string }>(
    "mirror",
    `select relname as name from pg_class where relnamespace = 'kerf_building'::regnamespace and relkind = 'r'
      union all select 'position ' || shard from kerf.consumer_shard where building`,
  );
  assert.deepEqual(left, [], "nothing is left of the building");
}

/** A read model is built, and built anew while events come; whoever builds it is killed, and begins again. */
export const readModel: Scenario = {
  name: "read-model",
  processes: { left: ["wallet"], right: ["mirror"] },
  killed: ["right"],
  among: mine,
  prepare,
  drive,
  unrest,
  check,
};

/** Whoever builds it is killed or paused, and another one builds it. */
export const readModelTakeover: Scenario = {
  name: "read-model-takeover",
  processes: { left: ["wallet"], right: ["mirror"], spare: ["mirror"] },
  killed: ["right"],
  paused: ["right"],
  restarts: false,
  among: /transaction (begin|commit).*(begin|← events\/read-model)|read-model (seed|fenced|swap)/,
  prepare,
  drive,
  unrest,
  check,
};

/** The new tables do not catch up while the old ones are held still: these are let go, and it is tried again. */
export const readModelLate: Scenario = {
  name: "read-model-late",
  processes: { left: ["wallet"], right: ["mirror"] },
  killed: ["right"],
  among: /read-model letGo/,
  async prepare(databases) {
    await prepare(databases);
    await databases.rows("mirror", "insert into attempt (n) overriding system value values ($1)", [
      waitForLate,
    ]);
  },
  async drive(client) {
    const pay = (from: string, label: string) =>
      client.pay({ from, to: "shop", amount: 1, label: `${from} ${label}` });
    await pay("ada", "1");
    await built(client);
    await client.operate("mirror", "events.replay", { producer: "wallet", after: "0" });
    for (let n = 1; n <= late.paid; n += 1) await pay(late.account, String(n));
  },
  unrest,
  check,
};
