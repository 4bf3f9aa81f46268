import { test } from "node:test";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { Workplace } from "../../testing/platform-process.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
test("x", async (t) => {
  const place = new Workplace(t, "pair");
  let platform = place.start("--no-watch");
  const gateway = (await platform.ready()).gateways[0]?.url as string;
  let working = true; let done = 0; let worst = 0; const failed: string[] = [];
  const ask = async () => { while (working) { const b = performance.now(); const r = await fetch(`${gateway}/counters/a`, { method: "POST", headers: {"content-type":"application/json"}, body: '{"by":1}' }); worst = Math.max(worst, performance.now()-b); if (r.status === 200) done++; else failed.push(`${r.status} ${await r.text()}`); await delay(5);} };
  const asked = Promise.all([ask(), ask()]);
  await delay(500);
  try {
    console.log(JSON.stringify(await platform.client.moveDatabase({ change: "c-abcd", service: "counter", to: { embedded: "second" } })));
  } catch (e) { console.log(e, (e as any).data); }
  await delay(500);
  working = false; await asked;
  console.log({ done, worst, failed: failed.slice(0,5), n: failed.length });
  for (const e of platform.events) if (e.type === "rollout" || e.type==="problem") console.log(JSON.stringify(e));
  console.log((await platform.client.sql({ service: "counter", statement: "select * from counters" })).rows);
  console.log(readFileSync(join(place.home, "state/databases.json"), "utf8"), readFileSync(join(place.home, "state/database-move.json"), "utf8"));
  console.log(JSON.stringify((await platform.client.status({})).databases));
});
