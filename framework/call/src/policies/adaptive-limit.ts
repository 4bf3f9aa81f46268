import type { PolicyDefaults } from "./defaults.ts";

/** Served calls of a window that is looked at, and windows until the averages stand for anything. */
const leastCalls = 10;
const warmUp = 5;
/** By how much of itself the limit grows in a window in which nothing queues. */
const growth = 0.05;
/** An average that is this many times what calls take now has outlived the load that it was measured under. */
const stale = 2;
const forget = 0.95;
/** After so many windows with much to do, half as many calls are let in for two: the first empties the queues, the second shows the pace without. */
const probeAfter = 30;
/**
 * The shortest time that is told from none, milliseconds: many calls that come at once wait for each other's turn of the event loop, which makes
 * quick ones many times as slow and is no trouble to anybody. (Calls of 0.02 ms, 64 at once: 0.5 ms.)
 */
const leastMs = 1;

/** What one operation took in the window, and what it usually takes, milliseconds. */
interface Pace {
  sumMs: number;
  calls: number;
  usualMs: number;
}

/**
 * How many calls one instance serves at once, found by measuring: while calls take as long as they used to, more are let in; when they take
 * longer, they queue somewhere, and fewer are. After the gradient of Netflix's concurrency-limits (Gradient2), a step for each window of time; that one takes what
 * queues for long for what is usual, so ours measures again now and then what calls take without a queue, as Envoy's does. Each operation is
 * compared with itself, so that another mix of quick and slow ones is no sign of trouble.
 */
export class AdaptiveLimit {
  readonly #policies: PolicyDefaults;
  readonly #operations = new Map<string, Pace>();
  /** All that may be, until calls are seen to take longer. */
  #limit: number;
  /** How many times as long as usual calls take. */
  #slowness = 1;
  #windows = 0;
  #busyWindows = 0;
  #endsAt = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #most = 0;

  constructor(policies: PolicyDefaults) {
    this.#policies = policies;
    this.#limit = policies.limitMost;
  }

  /** Calls at once. */
  get limit(): number {
    const half = this.#busyWindows >= probeAfter ? 2 : 1;
    return Math.max(this.#policies.limitLeast, Math.floor(this.#limit / half));
  }

  /** A call of `operation` was served in `tookMs` while `inFlight` were under way, itself among them; `now` is monotonic milliseconds. */
  served(operation: string, tookMs: number, inFlight: number, now: number): void {
    let pace = this.#operations.get(operation);
    if (pace === undefined) {
      pace = { sumMs: 0, calls: 0, usualMs: 0 };
      this.#operations.set(operation, pace);
    }
    pace.sumMs += tookMs;
    pace.calls++;
    this.#calls++;
    if (inFlight > this.#most) this.#most = inFlight;
    if (now < this.#endsAt || this.#calls < leastCalls) return;
    this.#endsAt = now + this.#policies.limitWindowMs;
    this.#step(this.#most);
    this.#calls = 0;
    this.#most = 0;
  }

  #step(inFlight: number): void {
    const { limitGradient, limitMost, limitQueue, limitLeast, limitShortWindow } = this.#policies;
    const { limitSmoothing, limitTolerance } = this.#policies;
    this.#windows++;
    const isProbe = this.#busyWindows >= probeAfter;
    if (isProbe && ++this.#busyWindows < probeAfter + 2) {
      this.#compare("look away");
      return;
    }
    const slowness = this.#compare(isProbe ? "without a queue" : "under load");
    if (isProbe) {
      this.#busyWindows = 0;
      this.#slowness = 1;
      return;
    }
    this.#slowness = average(this.#slowness, slowness, Math.min(this.#windows, limitShortWindow));
    if (this.#windows <= warmUp || inFlight < limitLeast) return;
    const gradient = Math.max(limitGradient, Math.min(1, limitTolerance / this.#slowness));
    // With so few under way it is not known whether more would fit; but too many are too many, whatever the limit was.
    const isBusy = inFlight >= this.#limit / 2;
    if (gradient === 1 && !isBusy) return;
    this.#busyWindows++;
    const base =
      gradient === 1
        ? this.#limit * (1 + growth / limitSmoothing)
        : Math.min(this.#limit, inFlight);
    const wanted = base * gradient + limitQueue;
    const next = Math.min(this.#limit, base) * (1 - limitSmoothing) + wanted * limitSmoothing;
    this.#limit = Math.max(limitLeast, Math.min(limitMost, next));
  }

  /** How many times as long as usual the calls of the window took, each operation by its share of them; learns what is usual from it. */
  #compare(when: "under load" | "without a queue" | "look away"): number {
    const { limitLongWindow, limitShortWindow } = this.#policies;
    let [tookMs, usualMs] = [0, 0];
    for (const pace of this.#operations.values()) {
      if (pace.calls === 0) continue;
      const mean = Math.max(leastMs, pace.sumMs / pace.calls);
      if (pace.usualMs === 0) pace.usualMs = mean;
      else if (when === "without a queue") pace.usualMs = Math.min(pace.usualMs, mean);
      else if (when === "under load") {
        // It rises slowly and falls fast: what queues for long must not become what is usual.
        const rises = mean > pace.usualMs && this.#windows > warmUp;
        pace.usualMs = average(pace.usualMs, mean, rises ? limitLongWindow : limitShortWindow);
        if (pace.usualMs / mean > stale) pace.usualMs *= forget;
      }
      tookMs += pace.calls * mean;
      usualMs += pace.calls * pace.usualMs;
      pace.sumMs = 0;
      pace.calls = 0;
    }
    return usualMs === 0 ? 1 : tookMs / usualMs;
  }
}

/** An exponential average that is the plain one until it has seen as much as it remembers. */
function average(before: number, value: number, window: number): number {
  const weight = window < 2 ? 1 : 2 / (window + 1);
  return before + (value - before) * weight;
}
