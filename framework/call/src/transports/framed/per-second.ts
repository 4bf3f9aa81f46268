/** Counts events by the second, to bound what a peer may send that costs it nothing. */
export class PerSecond {
  readonly #most: number;
  #second = 0;
  #count = 0;

  /** @param most how many one second may hold */
  constructor(most: number) {
    this.#most = most;
  }

  /** Counts one at `now` (monotonic milliseconds); true when that is one too many. */
  exceeds(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    return ++this.#count > this.#most;
  }
}
