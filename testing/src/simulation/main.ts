// Boundary: `npm run sim -- [--world engines|calls] [--seed N] [--runs M] [--trace]`: runs seeds N to N + M − 1 and says which property breaks, and how.
import { fork } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { choice, flag, readCommandLine, whole } from "../command-line/index.ts";
import { type WorldName, worlds } from "./run-seed.ts";
import { runSeeds, type SeedsOutcome } from "./run-seeds.ts";

/** Seeds of one process: what they leave behind in memory goes with it. */
const seedsOfProcess = 500;

const { values } = readCommandLine({
  name: "npm run sim --",
  about:
    "Runs worlds on a simulated clock, network and disk, one a seed, and says which property breaks, and how.",
  options: {
    world: choice("what is simulated", Object.keys(worlds) as WorldName[], "engines"),
    seed: whole("the first seed", { from: 0, to: Number.MAX_SAFE_INTEGER }, 1),
    runs: whole("how many seeds, one after the other", { from: 1, to: 1_000_000_000 }, 1),
    trace: flag("say everything that happens"),
  },
});
const { runs, seed: first, world } = values;

// There in a process that was forked for some of the seeds.
if (process.connected) {
  process.send?.(await runSeeds(first, runs, { world, trace: values.trace, say: console.log }));
  process.disconnect?.();
} else await runAll();

/** Some seeds here, many in processes of their own, as many at once as there are cores. */
async function runAll(): Promise<void> {
  const started = performance.now();
  const totals: Record<string, number> = {};
  let failed = 0;
  const add = (outcome: SeedsOutcome): void => {
    failed += outcome.failed;
    for (const [name, count] of Object.entries(outcome.counts))
      totals[name] = (totals[name] ?? 0) + count;
  };
  if (runs <= seedsOfProcess) {
    add(await runSeeds(first, runs, { world, trace: values.trace, say: console.log }));
  } else {
    let next = first;
    let done = 0;
    const lane = async (): Promise<void> => {
      while (next < first + runs) {
        const from = next;
        const count = Math.min(seedsOfProcess, first + runs - from);
        next += count;
        add(await inProcess(from, count));
        done += count;
        console.log(`${done} of ${runs}, ${failed} failed`);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, lane));
  }
  const seconds = (performance.now() - started) / 1_000;
  const said = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
  console.log(`${said.join(", ")}; ${(runs / seconds).toFixed(0)} runs a second`);
  console.log(`${runs - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** A process that ends without an answer fails the whole. */
async function inProcess(from: number, count: number): Promise<SeedsOutcome> {
  const trace = values.trace ? ["--trace"] : [];
  const child = fork(import.meta.filename, [
    "--world",
    world,
    "--seed",
    String(from),
    "--runs",
    String(count),
    ...trace,
  ]);
  let outcome: SeedsOutcome | undefined;
  child.on("message", (message) => (outcome = message as SeedsOutcome));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code === 0 && outcome !== undefined) return outcome;
  throw new Error(`seeds ${from} to ${from + count - 1} ended with ${code ?? "a signal"}`);
}
