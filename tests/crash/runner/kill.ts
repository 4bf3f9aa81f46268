import type { Bench } from "./bench.ts";
import type { PlannedRun } from "./plan.ts";
import { run } from "./run.ts";

/** How often a run is tried whose moment does not come: what depends on time may fall out differently. */
const tries = 3;

/** Kills as planned; false when the moment did not come. Throws what does not hold afterwards. */
export async function kill(bench: Bench, { scenario, killing }: PlannedRun): Promise<boolean> {
  for (let attempt = 1; attempt <= tries; attempt += 1)
    if ((await run(bench, scenario, killing)).killed) return true;
  return false;
}

/** Works on every item, `limit` of them at once. */
export async function inParallel<T>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const workers = Array.from({ length: limit }, async () => {
    for (const item of left) await work(item);
  });
  await Promise.all(workers);
}
