import type { Clock } from "@kerf/kernel";

/** The first start after an end comes at once; from the second on it waits this long, doubling. Milliseconds. */
const baseMs = 100;
/** Longest wait, milliseconds. */
const capMs = 10_000;
/** A run that was ready for this long, in milliseconds, was healthy: counting begins anew. */
const healthyMs = 30_000;
/** From so many ends in a row without a healthy run in between on it is a crash loop. */
const loopAfter = 3;

/** When to start again what ended: at once first, then later and later while it does not get healthy. */
export class RestartPolicy {
  readonly #clock: Clock;
  #readySince: number | undefined;
  #failures = 0;
  /** How often it ended by itself, in all. */
  restarts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It became ready. */
  ready(): void {
    this.#readySince = this.#clock.now();
  }

  /** It ended by itself. Answers how many milliseconds to wait before the next start. */
  ended(): number {
    const healthy =
      this.#readySince !== undefined && this.#clock.now() - this.#readySince >= healthyMs;
    this.#readySince = undefined;
    this.#failures = healthy ? 1 : this.#failures + 1;
    this.restarts++;
    return this.#failures === 1 ? 0 : Math.min(capMs, baseMs * 2 ** (this.#failures - 2));
  }

  /** Something changed that may help: begin anew. */
  reset(): void {
    this.#failures = 0;
  }

  /** Whether it ends again and again. */
  get looping(): boolean {
    return this.#failures >= loopAfter;
  }
}
