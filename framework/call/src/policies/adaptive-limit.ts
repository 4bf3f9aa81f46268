import type { PolicyDefaults } from "./defaults.ts";

/** Served calls of a window that is looked at, and windows until the long average stands for anything. */
const leastCalls = 10;
const warmUp = 5;
/** Where the limit begins, and what it never falls below. */
const first = 20;
const least = 4;
/** A long average that is this many times the short one has outlived the load that it was measured under. */
const stale = 2;
const forget = 0.95;

/** After so many windows with much to do, half as many calls are let in for two: the first empties the queues, the second shows the pace without. */
const probeAfter = 30;

/**
 * How many calls one instance serves at once, found by measuring: while calls take as long as they used to, more are let in; when they take
 * longer, they queue somewhere, and fewer are. After the gradient of Netflix's concurrency-limits (Gradient2), a step for each window of time; that one takes what
 * queues for long for what is usual, so ours measures again now and then what calls take without a queue, as Envoy's does.
 */
export class AdaptiveLimit {
  readonly #policies: PolicyDefaults;
  #limit = first;
  #short = 0;
  #long = 0;
  #windows = 0;
  #busyWindows = 0;
  #endsAt = Number.NEGATIVE_INFINITY;
  // Of the window: time of all calls, their number, the most that were under way at once.
  #sumMs = 0;
  #calls = 0;
  #most = 0;

  constructor(policies: PolicyDefaults) {
    this.#policies = policies;
  }

  /** Calls at once. */
  get limit(): number {
    const half = this.#busyWindows >= probeAfter ? 2 : 1;
    return Math.max(least, Math.floor(this.#limit / half));
  }

  /** A call was served in `tookMs` while `inFlight` were under way, itself among them; `now` is monotonic milliseconds. */
  served(tookMs: number, inFlight: number, now: number): void {
    this.#sumMs += tookMs;
    this.#calls++;
    if (inFlight > this.#most) this.#most = inFlight;
    if (now < this.#endsAt || this.#calls < leastCalls) return;
    this.#endsAt = now + this.#policies.limitWindowMs;
    this.#step(Math.max(0.01, this.#sumMs / this.#calls), this.#most);
    this.#sumMs = 0;
    this.#calls = 0;
    this.#most = 0;
  }

  #step(tookMs: number, inFlight: number): void {
    const { limitGradient, limitLongWindow, limitMost, limitQueue, limitShortWindow } =
      this.#policies;
    const { limitSmoothing, limitTolerance } = this.#policies;
    this.#windows++;
    this.#short = average(this.#short, tookMs, Math.min(this.#windows, limitShortWindow));
    if (this.#windows <= warmUp) {
      this.#long = this.#short;
      return;
    }
    if (this.#busyWindows >= probeAfter) {
      if (++this.#busyWindows < probeAfter + 2) return;
      this.#busyWindows = 0;
      this.#long = Math.min(this.#long, tookMs);
      return;
    }
    // It rises slowly and falls fast: what queues for long must not become what is usual.
    const window = tookMs > this.#long ? limitLongWindow : limitShortWindow;
    this.#long = average(this.#long, tookMs, window);
    if (this.#long / this.#short > stale) this.#long *= forget;
    // With so few under way nothing is learnt of how many would fit.
    if (inFlight < this.#limit / 2) return;
    this.#busyWindows++;
    const pace = (limitTolerance * this.#long) / this.#short;
    const gradient = Math.max(limitGradient, Math.min(1, pace));
    const wanted = this.#limit * gradient + limitQueue;
    const next = this.#limit * (1 - limitSmoothing) + wanted * limitSmoothing;
    this.#limit = Math.max(least, Math.min(limitMost, next));
  }
}

/** An exponential average that is the plain one until it has seen as much as it remembers. */
function average(before: number, value: number, window: number): number {
  const weight = window < 2 ? 1 : 2 / (window + 1);
  return before + (value - before) * weight;
}
