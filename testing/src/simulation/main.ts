// Boundary: `npm run sim -- [--seed N] [--runs M] [--trace]`: runs seeds N to N + M − 1 and says which property breaks, and how.
import { parseArgs } from "node:util";
import { runSeed } from "./run-seed.ts";

/** Lines of the trace that are printed before a violation; `--trace` prints all. */
const shownLines = 80;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    runs: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});
const first = Number(values.seed);
const runs = Number(values.runs);
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(runs) || runs < 1) {
  console.error("npm run sim -- [--seed N] [--runs M] [--trace]");
  process.exit(2);
}

const started = performance.now();
const totals: Record<string, number> = {};
let failed = 0;
for (let seed = first; seed < first + runs; seed += 1) {
  const outcome = await runSeed(seed);
  for (const [name, count] of Object.entries(outcome.counts)) {
    totals[name] = (totals[name] ?? 0) + count;
  }
  if (outcome.violation !== undefined) {
    failed += 1;
    // The same history again, with what was said.
    const { trace } = await runSeed(seed, {}, true);
    console.log(values.trace ? trace.join("\n") : trace.slice(-shownLines).join("\n"));
    console.log(`\nseed ${seed}: ${outcome.violation.property}`);
    console.log(`  ${outcome.violation.what}`);
    console.log(`  again: npm run sim -- --seed ${seed} --trace\n`);
  } else if (values.trace) {
    console.log((await runSeed(seed, {}, true)).trace.join("\n"));
    console.log(
      `\nseed ${seed}: history ${outcome.hash}, ${(outcome.simulatedMs / 1_000).toFixed(1)} simulated seconds`,
    );
  }
  const done = seed - first + 1;
  if (done % 500 === 0 && done < runs) console.log(`${done} of ${runs}, ${failed} failed`);
}
const seconds = (performance.now() - started) / 1_000;
const said = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
console.log(`${said.join(", ")}; ${(runs / seconds).toFixed(0)} runs a second`);
console.log(`${runs - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
