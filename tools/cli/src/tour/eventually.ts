import { setTimeout as wait } from "node:timers/promises";
import { NotAsPromised } from "./act.ts";

/** Milliseconds between two looks. */
const pauseMs = 100;

/** Looks again until there is something to see. Throws `what` as a promise that was not kept when that takes longer than `withinMs`. */
export async function eventually<T>(
  what: string,
  bounds: { readonly withinMs: number; readonly signal: AbortSignal },
  look: () => Promise<T | undefined>,
): Promise<T> {
  for (const end = performance.now() + bounds.withinMs; ;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > end)
      throw new NotAsPromised(`${what}: not within ${bounds.withinMs / 1_000} s`);
    await wait(pauseMs, undefined, { signal: bounds.signal });
  }
}
