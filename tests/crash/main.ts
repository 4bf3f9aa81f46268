// Boundary: `npm run crash [-- --only GLOB] [--list] [--seed N]`. Records which points each scenario comes to, then kills a process with
// SIGKILL at each of them in turn and checks what must hold. Fails for what does not hold and for points that nobody was killed at.
import { parseArgs } from "node:util";
import { seededRandom, systemClock as clock } from "@kerf/kernel";
import { Bench } from "./runner/bench.ts";
import { kill, onBenches } from "./runner/kill.ts";
import { gapsOf, labelOf, type PlannedRun, planOf, type Recording } from "./runner/plan.ts";
import { run } from "./runner/run.ts";
import type { Scenario } from "./scenario.ts";
import { scenarios } from "./scenarios/index.ts";

/** Runs at once. */
const parallel = 2;

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "*" },
    list: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});
const random = seededRandom(Number(values.seed));
const only = new RegExp(
  `^${values.only.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`,
);

const benches = await Promise.all(Array.from({ length: parallel }, () => Bench.open()));
try {
  process.exitCode = (await main()) ? 0 : 1;
} finally {
  for (const bench of benches) await bench.close();
}

async function main(): Promise<boolean> {
  const recorded = new Map<Scenario, Recording>();
  const [place = "*"] = values.only.split("/");
  const mentioned = scenarios.filter(({ name }) => place.includes("*") || place === name);
  await onBenches(benches, mentioned, async (bench, scenario) => {
    recorded.set(scenario, (await run(bench, scenario)).reached);
  });
  const planned = mentioned.flatMap((scenario) =>
    planOf(scenario, recorded.get(scenario) ?? new Map(), random),
  );
  const chosen = planned.filter((one) => only.test(labelOf(one)));
  if (values.list) {
    for (const one of chosen) console.log(labelOf(one));
    const gaps = values.only === "*" ? gapsOf(chosen) : [];
    for (const gap of gaps) console.log(gap);
    return gaps.length === 0;
  }
  const killed: PlannedRun[] = [];
  const failed: string[] = [];
  let done = 0;
  await onBenches(benches, chosen, async (bench, one) => {
    const began = clock.now();
    const [verdict, why] = await verdictOf(bench, one);
    if (verdict === "passed") killed.push(one);
    if (verdict === "FAILED") failed.push(labelOf(one));
    const took = ((clock.now() - began) / 1_000).toFixed(1);
    console.log(`[${++done}/${chosen.length}] ${verdict} ${labelOf(one)} (${took} s)`);
    if (why !== undefined) console.log(why);
  });
  // A part of the runs cannot say what all of them miss.
  const gaps = values.only === "*" && failed.length === 0 ? gapsOf(killed) : [];
  for (const gap of gaps) console.log(gap);
  for (const label of failed) console.log(`FAILED ${label}`);
  const missed = chosen.length - killed.length - failed.length;
  if (missed > 0) console.log(`${missed} moments did not come again`);
  console.log(`${killed.length} passed, ${failed.length + gaps.length} failed`);
  return failed.length + gaps.length === 0 && killed.length > 0;
}

async function verdictOf(
  bench: Bench,
  planned: PlannedRun,
): Promise<["passed" | "FAILED" | "missed", string?]> {
  try {
    return [(await kill(bench, planned)) ? "passed" : "missed"];
  } catch (error) {
    return ["FAILED", error instanceof Error ? error.message : String(error)];
  }
}
