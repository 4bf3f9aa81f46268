/**
 * How long one instance takes, milliseconds, as an average that forgets over `decayMs`, and that follows a slower answer at once: an
 * instance in trouble is believed immediately, one that recovers only with time. Time is passed in.
 */
export class PeakEwma {
  readonly #decayMs: number;
  #value: number | undefined;
  #at = 0;

  constructor(decayMs: number) {
    this.#decayMs = decayMs;
  }

  /** Takes an answer that took `ms`, at monotonic milliseconds `now`. */
  record(ms: number, now: number): void {
    const before = this.#value;
    if (before === undefined || ms >= before) this.#value = ms;
    else this.#value = ms + (before - ms) * Math.exp(-Math.max(0, now - this.#at) / this.#decayMs);
    this.#at = now;
  }

  /** The average; undefined before the first answer. What was measured long ago counts less and less, so that a slow instance is tried again. */
  at(now: number): number | undefined {
    if (this.#value === undefined) return undefined;
    return this.#value * Math.exp(-Math.max(0, now - this.#at) / this.#decayMs);
  }
}
