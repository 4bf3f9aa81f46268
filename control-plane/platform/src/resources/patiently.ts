import { type Clock, delay, toKerfError } from "@kerf/kernel";

/** Pause before it is tried again, milliseconds, doubling; and the longest. */
const firstMs = 250;
const longestMs = 2_000;

/** Whether an error may be gone a moment later: a server that was away, or so busy that it did not take a connection in its second. */
export function passes(error: unknown): boolean {
  return toKerfError(error).retry !== "never";
}

/** Does it again, four times within 4 s, while it fails in a way that passes; then throws how. `signal` ends the waiting. */
export async function patiently<Answer>(
  clock: Clock,
  work: () => Promise<Answer>,
  signal?: AbortSignal,
): Promise<Answer> {
  for (let pause = firstMs; ; pause *= 2) {
    try {
      return await work();
    } catch (thrown) {
      if (pause > longestMs || !passes(thrown) || signal?.aborted === true) throw thrown;
      await delay(clock, pause, signal);
    }
  }
}
