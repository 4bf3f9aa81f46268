import { setTimeout as wait } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";

/**
 * Runs what goes on until Ctrl-C, with a signal that says so and a pause that ends early. Throws `interrupted` then, which
 * prints nothing and exits with 130.
 */
export async function untilInterrupted(
  work: (signal: AbortSignal, pause: (ms: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort();
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    await work(signal, (ms) => wait(ms, undefined, { signal }).catch(() => {}));
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
  if (signal.aborted) throw new KerfError("interrupted", "Interrupted.");
}
