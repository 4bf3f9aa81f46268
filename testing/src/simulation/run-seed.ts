import type { Variant } from "./world/variant.ts";
import { type Outcome, World } from "./world/world.ts";

/** Runs one seed. With `details` the trace says what was sent and answered as well; the history is the same. */
export function runSeed(seed: number, variant: Variant = {}, details = false): Promise<Outcome> {
  return new World(seed, variant, details).run(seed);
}
