// Boundary: `npm run crash [-- --only GLOB] [--list] [--seed N] [--parallel N] [--json]`. Records which points each scenario comes to,
// then kills a process with SIGKILL at each of them in turn and checks what must hold. Fails for what does not hold and for points
// that nobody was killed at.
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { seededRandom } from "@kerf/kernel";
import { Bench } from "./runner/bench.ts";
import { Campaign } from "./runner/campaign.ts";
import { choiceOf } from "./runner/choice.ts";
import { leftOut } from "./points.ts";
import { scenarios } from "./scenarios/index.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "*" },
    list: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    parallel: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const benches = await Promise.all(
  Array.from({ length: Number(values.parallel ?? parallel()) }, () => Bench.open()),
);
try {
  // What a program reads must be nothing but that.
  const say = values.json
    ? (line: string) => console.error(line)
    : (line: string) => console.log(line);
  if (leftOut !== undefined) say(leftOut);
  const campaign = new Campaign({
    benches,
    scenarios,
    choice: choiceOf(values.only),
    random: seededRandom(Number(values.seed)),
    say,
  });
  const report = values.list ? await campaign.list() : await campaign.run();
  if (values.json) console.log(JSON.stringify(report, undefined, 2));
  process.exitCode = report.passed ? 0 : 1;
} finally {
  for (const bench of benches) await bench.close();
}

/** Runs at once: they mostly wait, so that a machine with nothing else to do has room for two on each of its cores. */
function parallel(): number {
  const cores = availableParallelism();
  const [busy = 0] = loadavg();
  return Math.min(8, busy < cores / 2 ? 2 * cores : cores);
}
