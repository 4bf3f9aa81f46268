import { systemClock } from "@kerf/kernel";

/** What `work` resolves with, or an error with `what` when it takes longer than `ms` milliseconds. */
export async function bounded<T>(work: Promise<T>, ms: number, what: () => string): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const handle = setTimeout(() => reject(new Error(`Not within ${ms / 1_000} s: ${what()}`)), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(handle);
  }
}

/** Asks `probe` again and again until it answers undefined; throws its last answer after `ms` milliseconds. */
export async function eventually(
  probe: () => Promise<string | undefined>,
  ms: number,
): Promise<void> {
  const end = systemClock.now() + ms;
  for (;;) {
    const missing = await probe();
    if (missing === undefined) return;
    if (systemClock.now() > end) throw new Error(`Not within ${ms / 1_000} s: ${missing}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
