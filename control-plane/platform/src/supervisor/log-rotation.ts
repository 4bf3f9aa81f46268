import { copyFile, rename, stat, truncate } from "node:fs/promises";
import type { Clock, Timer } from "@kerf/kernel";

/** A log is set aside when it has grown beyond this, in bytes. */
const rotateBytes = 10 * 1024 * 1024;
/** How many files there are of one log, the current one included. */
const files = 3;
/** How often sizes are looked at, in milliseconds. */
const everyMs = 5_000;

/**
 * Keeps logs from filling the disk. The programs hold their file open for as long as they live, so it is copied aside and
 * emptied; they append, so they go on at its beginning.
 */
export class LogRotation {
  readonly #clock: Clock;
  readonly #logs: () => readonly string[];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, logs: () => readonly string[]) {
    this.#clock = clock;
    this.#logs = logs;
  }

  start(): void {
    this.#timer = this.#clock.after(everyMs, () => {
      void this.#round();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #round(): Promise<void> {
    // Each failure concerns one file and is tried again at the next round.
    await Promise.allSettled(this.#logs().map((log) => rotate(log)));
    if (!this.#stopped) this.start();
  }
}

/** Sets a log aside when it is too large; `FILE.1` is the newest old one. */
export async function rotate(log: string, bytes: number = rotateBytes): Promise<boolean> {
  const size = await stat(log).then(
    (info) => info.size,
    () => 0,
  );
  if (size <= bytes) return false;
  for (let n = files - 1; n > 1; n--) {
    await rename(`${log}.${n - 1}`, `${log}.${n}`).catch(() => {});
  }
  await copyFile(log, `${log}.1`);
  await truncate(log, 0);
  return true;
}
