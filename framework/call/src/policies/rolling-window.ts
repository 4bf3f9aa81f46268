/** Counts two things over the last `windowMs` milliseconds, in slices, without a timer. */
export class RollingWindow {
  readonly #sliceMs: number;
  readonly #firsts: number[];
  readonly #seconds: number[];
  #slice = 0;
  #sliceEndsAt = Number.NEGATIVE_INFINITY;
  #first = 0;
  #second = 0;

  /** @param slices how finely the window forgets: one slice at a time */
  constructor(windowMs: number, slices = 10) {
    this.#sliceMs = windowMs / slices;
    this.#firsts = Array.from({ length: slices }, () => 0);
    this.#seconds = Array.from({ length: slices }, () => 0);
  }

  /** What was counted first in the window, as of the last `turn`. */
  get first(): number {
    return this.#first;
  }

  /** What was counted second in the window, as of the last `turn`. */
  get second(): number {
    return this.#second;
  }

  addFirst(now: number): void {
    if (now >= this.#sliceEndsAt) this.turn(now);
    (this.#firsts[this.#slice] as number)++;
    this.#first++;
  }

  addSecond(now: number): void {
    if (now >= this.#sliceEndsAt) this.turn(now);
    (this.#seconds[this.#slice] as number)++;
    this.#second++;
  }

  /** Forgets what is older than the window; `now` is monotonic milliseconds. */
  turn(now: number): void {
    if (now < this.#sliceEndsAt) return;
    const count = this.#firsts.length;
    const passed = Math.floor((now - this.#sliceEndsAt) / this.#sliceMs) + 1;
    if (!(passed < count)) {
      this.reset(now);
      return;
    }
    for (let step = 0; step < passed; step++) {
      this.#slice = (this.#slice + 1) % count;
      this.#first -= this.#firsts[this.#slice] as number;
      this.#second -= this.#seconds[this.#slice] as number;
      this.#firsts[this.#slice] = 0;
      this.#seconds[this.#slice] = 0;
    }
    this.#sliceEndsAt += passed * this.#sliceMs;
  }

  /** Forgets everything. */
  reset(now: number): void {
    this.#firsts.fill(0);
    this.#seconds.fill(0);
    this.#first = 0;
    this.#second = 0;
    this.#sliceEndsAt = now + this.#sliceMs;
  }
}
