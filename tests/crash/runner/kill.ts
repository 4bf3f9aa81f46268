import type { Bench } from "./bench.ts";
import type { PlannedRun } from "./plan.ts";
import { run } from "./run.ts";

/**
 * How often a run is tried whose moment does not come, and who is first then: as it falls out, then the one that is to be
 * killed, so that it does what only the first does, then the others.
 */
const tries = [undefined, "killed", "others", "killed"] as const;

/** Kills as planned; false when the moment did not come. Throws what does not hold afterwards. */
export async function kill(bench: Bench, { scenario, killing }: PlannedRun): Promise<boolean> {
  for (const first of tries) if ((await run(bench, scenario, killing, first)).killed) return true;
  return false;
}

/**
 * Works on every item, on all benches at once. Each has a server of its own: a transaction that somebody leaves open holds up every
 * reader of a log on the same server.
 */
export async function onBenches<T>(
  benches: readonly Bench[],
  items: readonly T[],
  work: (bench: Bench, item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const workers = benches.map(async (bench) => {
    for (const item of left) await work(bench, item);
  });
  await Promise.all(workers);
}
