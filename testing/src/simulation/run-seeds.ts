import { type WorldName, worlds } from "./run-seed.ts";

/** Lines of the trace that are printed before a violation, unless all are wanted. */
const shownLines = 80;

/** What a row of seeds came to. */
export interface SeedsOutcome {
  readonly failed: number;
  /** What happened in them, by name. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Runs some seeds in this process, one after the other, and says each violation with how it came to it. */
export async function runSeeds(
  first: number,
  runs: number,
  {
    world,
    trace: all,
    say,
  }: {
    readonly world: WorldName;
    readonly trace: boolean;
    readonly say: (text: string) => void;
  },
): Promise<SeedsOutcome> {
  const runSeed = worlds[world];
  const counts: Record<string, number> = {};
  let failed = 0;
  for (let seed = first; seed < first + runs; seed += 1) {
    const outcome = await runSeed(seed);
    for (const [name, count] of Object.entries(outcome.counts))
      counts[name] = (counts[name] ?? 0) + count;
    if (outcome.violation !== undefined) {
      failed += 1;
      // The same history again, with what was said.
      const { trace } = await runSeed(seed, true);
      say(all ? trace.join("\n") : trace.slice(-shownLines).join("\n"));
      say(`\nseed ${seed}: ${outcome.violation.property}`);
      say(`  ${outcome.violation.what}`);
      say(`  again: npm run sim -- --world ${world} --seed ${seed} --trace\n`);
    } else if (all) {
      say((await runSeed(seed, true)).trace.join("\n"));
      say(
        `\nseed ${seed}: history ${outcome.hash}, ${(outcome.simulatedMs / 1_000).toFixed(1)} simulated seconds`,
      );
    }
  }
  return { failed, counts };
}
