import type { Scheduler } from "../scheduler.ts";

/** Where messages of one direction wait and whether they pass. */
export interface Passage {
  /** Whether nothing passes from `from` to `to` now. */
  blocked(from: string, to: string): boolean;
  /** How long one message takes, simulated milliseconds. */
  latency(): number;
}

/**
 * One direction of a connection: what is sent arrives in its order, each after some time, and never twice, as TCP has it. What would arrive while
 * nothing passes is sent again once something does.
 */
export class Lane {
  readonly from: string;
  readonly to: string;
  readonly #scheduler: Scheduler;
  readonly #passage: Passage;
  readonly #queue: { readonly what: string; readonly arrive: () => void }[] = [];
  #lastAt = 0;
  #stalled = 0;

  constructor(scheduler: Scheduler, passage: Passage, from: string, to: string) {
    this.#scheduler = scheduler;
    this.#passage = passage;
    this.from = from;
    this.to = to;
  }

  send(what: string, arrive: () => void): void {
    this.#queue.push({ what, arrive });
    this.#plan(what);
  }

  /** Nothing of what is on its way arrives any more. */
  clear(): void {
    this.#queue.length = 0;
    this.#stalled = 0;
  }

  /** Sends again what could not arrive. */
  retransmit(): void {
    for (; this.#stalled > 0; this.#stalled--) this.#plan("what was held up");
  }

  #plan(what: string): void {
    const { now } = this.#scheduler;
    this.#lastAt = Math.max(this.#lastAt, now + this.#passage.latency());
    this.#scheduler.plan(this.#lastAt - now, `${this.from} → ${this.to}: ${what}`, () => {
      if (this.#passage.blocked(this.from, this.to)) this.#stalled++;
      else this.#queue.shift()?.arrive();
    });
  }
}
