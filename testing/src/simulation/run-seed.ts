import { runSeed as runCalls } from "./calls/run-seed.ts";
import type { Outcome } from "./outcome.ts";
import type { Variant } from "./world/variant.ts";
import { World } from "./world/world.ts";

/** Runs one seed of the durable engines. With `details` the trace says what was sent and answered as well; the history is the same. */
export function runSeed(seed: number, variant: Variant = {}, details = false): Promise<Outcome> {
  return new World(seed, variant, details).run(seed);
}

/** What can be simulated, by name: how one seed is run. */
export const worlds = {
  engines: (seed: number, details = false) => runSeed(seed, {}, details),
  calls: (seed: number, details = false) => runCalls(seed, {}, details),
} as const;

export type WorldName = keyof typeof worlds;
