import { type Clock, type Random, Trace } from "@kerf/kernel";
import { parseTraceparent } from "./traceparent.ts";

/** Share of new traces that are recorded. Ours: at 1,000 requests a second, ten traces a second show what is usual. */
export const defaultSampling = 0.01;
/** Traces a second that clients of one gateway process may ask for. Ours: enough to debug with, too few to cost anything. */
export const defaultAskedPerSecond = 10;

/** How traces are chosen. */
export interface SamplerOptions {
  /** Share of new traces that are recorded, 0 to 1. */
  readonly ratio: number;
  /** How many traces a second are recorded because somebody outside asks for it. */
  readonly askedPerSecond: number;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Decides once, at its head, whether a trace is recorded. The decision travels in the trace's flag, and nobody behind decides
 * again: a trace is recorded whole or not at all.
 */
export class Sampler {
  readonly #ratio: number;
  readonly #askedPerSecond: number;
  readonly #clock: Clock;
  readonly #random: Random;
  #left: number;
  #filledAt: number;

  constructor(options: SamplerOptions) {
    this.#ratio = options.ratio;
    this.#askedPerSecond = options.askedPerSecond;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#left = options.askedPerSecond;
    this.#filledAt = options.clock.now();
  }

  /** A new trace of our own. */
  begin(): Trace {
    return Trace.begin(this.#ratio);
  }

  /**
   * The span of a request from outside: below its sender's, or the first of a new trace. The sender's flag is a wish, which is
   * granted `askedPerSecond` times a second; otherwise chance decides, and not the trace's id, which the sender chose as well.
   */
  enter(traceparent: string | undefined, tracestate?: string): Trace {
    const sender = parseTraceparent(traceparent, tracestate);
    if (sender === undefined) return this.begin();
    const sampled = (sender.sampled && this.#grant()) || this.#random.next() < this.#ratio;
    return sender.child(sampled);
  }

  #grant(): boolean {
    const now = this.#clock.now();
    const earned = ((now - this.#filledAt) / 1_000) * this.#askedPerSecond;
    this.#left = Math.min(this.#askedPerSecond, this.#left + earned);
    this.#filledAt = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
