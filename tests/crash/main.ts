// Boundary: `npm run crash [-- --only GLOB] [--list] [--seed N] [--parallel N] [--json]`. Records which points each scenario comes to,
// then kills a process with SIGKILL at each of them in turn and checks what must hold. Fails for what does not hold and for points
// that nobody was killed at.
import { availableParallelism, loadavg } from "node:os";
import { seededRandom } from "@kerf/kernel";
import { flag, readCommandLine, text, whole } from "@kerf/testing/command-line";
import { Bench } from "./runner/bench.ts";
import { Campaign } from "./runner/campaign.ts";
import { choiceOf } from "./runner/choice.ts";
import { leftOut } from "./points.ts";
import { scenarios } from "./scenarios/index.ts";

const { values } = readCommandLine({
  name: "npm run crash --",
  about:
    "Kills a process at every statement, publish and acknowledgement in turn, and checks what must hold afterwards.",
  options: {
    only: text("the runs whose labels fit; * stands for anything", "GLOB", "*"),
    list: flag("only say which runs there are, and which points have none"),
    seed: whole("which of the moments that come more than once", { from: 0, to: 0xffff_ffff }, 1),
    parallel: whole(
      "runs at once; by default what the machine has room for",
      { from: 1, to: 64 },
      undefined,
    ),
    json: flag("print the report as JSON"),
  },
});

const benches = await Promise.all(
  Array.from({ length: values.parallel ?? parallel() }, () => Bench.open()),
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
    random: seededRandom(values.seed),
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
