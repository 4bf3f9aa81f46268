import type { Outcome } from "../outcome.ts";
import type { Variant } from "./variant.ts";
import { World } from "./world.ts";

/** Runs one seed of the call path. With `details` the trace says more; the history is the same. */
export function runSeed(seed: number, variant: Variant = {}, details = false): Promise<Outcome> {
  return new World(seed, variant, details).run(seed);
}
