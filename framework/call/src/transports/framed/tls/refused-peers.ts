import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { FramedCounters } from "../counters.ts";

/** Milliseconds between two lines in the log. */
const logEveryMs = 1_000;

/** Counts those who did not prove who they are, and tells of them once a second at most. */
export class RefusedPeers {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #counters: FramedCounters;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #unlogged = 0;

  constructor(options: { clock: Clock; log: Logger; counters: FramedCounters }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#counters = options.counters;
  }

  /** One more, from `address`; `why` as a sentence. */
  add(address: string | undefined, why: string): void {
    this.#counters.unproven++;
    this.#unlogged++;
    const now = this.#clock.now();
    if (now - this.#loggedAt < logEveryMs) return;
    this.#log.warn("A connection was refused: the other side did not prove who it is.", {
      address,
      reason: why,
      count: this.#unlogged,
    });
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}
