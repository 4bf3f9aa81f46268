import type { Clock, Timer } from "./clock.ts";

interface Pending {
  at: number;
  order: number;
  fn: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  readonly #start: number;
  readonly #wallStart: number;
  #order = 0;
  #pending: Pending[] = [];

  /** @param wallStart the wall time at the start, milliseconds since 1970-01-01 UTC */
  constructor(wallStart = Date.UTC(2026, 0, 1)) {
    this.#start = 0;
    this.#now = this.#start;
    this.#wallStart = wallStart;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wallStart + (this.#now - this.#start);
  }

  after(ms: number, fn: () => void): Timer {
    const entry: Pending = { at: this.#now + Math.max(0, ms), order: this.#order++, fn };
    this.#pending.push(entry);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== entry);
      },
    };
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#pending.length;
  }

  /** Moves time by `ms` and runs what falls due, in order, letting promises settle in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = this.#pending
        .filter((entry) => entry.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#pending = this.#pending.filter((entry) => entry !== due);
      this.#now = Math.max(this.#now, due.at);
      due.fn();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets every promise callback that is ready run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
