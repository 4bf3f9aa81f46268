/** What the policies of the call path are set to; every one is on without being asked for. */
export interface PolicyDefaults {
  /** Deadline of a call that sets none, milliseconds. */
  readonly deadlineMs: number;
  /** Attempts of one call in all, the first included. */
  readonly attempts: number;
  /** First step of the backoff, milliseconds; it doubles at every further retry. */
  readonly backoffBaseMs: number;
  /** Longest backoff, milliseconds. */
  readonly backoffCapMs: number;
  /** A callee that asks to be left alone for longer than this, milliseconds, is not asked again within the call. */
  readonly longestPushbackMs: number;
  /** Retries allowed as a share of the requests in the window. */
  readonly retryShare: number;
  /** Retries allowed beside the share, per second, so that a quiet client can retry at all. */
  readonly retriesPerSecond: number;
  /** Window of the retry budget, milliseconds. */
  readonly retryWindowMs: number;
  /** Share of failures at which a breaker opens. */
  readonly breakerShare: number;
  /** Fewest calls in the window before a breaker judges. */
  readonly breakerCalls: number;
  /** Window over which a breaker counts, milliseconds. */
  readonly breakerWindowMs: number;
  /** How long a breaker stays open before it lets a probe through, milliseconds. */
  readonly breakerOpenMs: number;
  /** Shortest attempt timeout, milliseconds. */
  readonly attemptFloorMs: number;
  /** An attempt may take this many times the measured 99th percentile. */
  readonly attemptFactor: number;
  /** Calls under way from one program to one service. */
  readonly bulkhead: number;
  /** A caller refuses calls itself when it has this many times as many to send as the callee takes. */
  readonly throttleFactor: number;
  /** Fewest calls in the window before it refuses any. */
  readonly throttleCalls: number;
  /** Window over which it counts them, milliseconds. */
  readonly throttleWindowMs: number;
  /** Most calls that one instance serves at once, whatever it measures. */
  readonly limitMost: number;
  /** As many calls it serves at once, whatever it measures. */
  readonly limitLeast: number;
  /** How often an instance corrects its limit, milliseconds. */
  readonly limitWindowMs: number;
  /** Windows that the short average of the time of calls remembers. */
  readonly limitShortWindow: number;
  /** Windows that the long average remembers. */
  readonly limitLongWindow: number;
  /** The limit falls when calls take this many times as long as they used to. */
  readonly limitTolerance: number;
  /** How fast the limit follows, from 0 up to 1. */
  readonly limitSmoothing: number;
  /** The limit falls to this share in one step at most. */
  readonly limitGradient: number;
  /** Calls by which the limit grows while nothing queues. */
  readonly limitQueue: number;
  /** Over which the measured time of an instance is forgotten, milliseconds. */
  readonly loadDecayMs: number;
  /** How long a new instance gets less than its share, milliseconds. */
  readonly slowStartMs: number;
  /** Failures in a row after which an instance is left out. */
  readonly ejectAfter: number;
  /** How long it is left out, milliseconds, times how often it was. */
  readonly ejectMs: number;
  /** The longest that it is left out, milliseconds. */
  readonly longestEjectMs: number;
  /** The largest share of a service's instances that is left out. */
  readonly ejectShare: number;
  /** Standard deviations under the mean share of successes at which an instance is left out. */
  readonly ejectDeviations: number;
  /** Fewest instances whose shares of successes are compared. */
  readonly ejectInstances: number;
  /** Fewest calls in the window of an instance that is compared. */
  readonly ejectCalls: number;
  /** Window of that comparison, milliseconds. */
  readonly ejectWindowMs: number;
}

/** The defaults, each with its source. */
export const policyDefaults: PolicyDefaults = {
  // Envoy's route timeout; Finagle has none, which is a known trap.
  deadlineMs: 15_000,
  // The SRE book and the AWS SDKs say 3; gRPC allows at most 5.
  attempts: 3,
  // Envoy starts at 25 ms and ends at ten times that; full jitter as AWS found best.
  backoffBaseMs: 25,
  backoffCapMs: 250,
  // Ours: a call that sleeps longer than this holds its caller's resources for nothing.
  longestPushbackMs: 1_000,
  // Finagle and Linkerd: 20 % and 10 a second over 10 s.
  retryShare: 0.2,
  retriesPerSecond: 10,
  retryWindowMs: 10_000,
  // resilience4j opens at 50 %, over 100 calls for 60 s; ours judges and forgives sooner, since instances restart within seconds.
  breakerShare: 0.5,
  breakerCalls: 20,
  breakerWindowMs: 10_000,
  breakerOpenMs: 5_000,
  // Ours: four times what nearly all calls take is a hung instance, not a slow one; under 50 ms a pause of the collector would count as one.
  attemptFloorMs: 50,
  attemptFactor: 4,
  // Envoy: 1,024 requests to an upstream.
  bulkhead: 1_024,
  // The SRE book: K = 2; it counts over two minutes, ours forgets as fast as the breaker.
  throttleFactor: 2,
  throttleCalls: 20,
  throttleWindowMs: 10_000,
  // Netflix's Gradient2: steps of a second, averages of 20 and 600, tolerance 1.5, smoothing 0.2, gradient at least 0.5, a queue of 4, at least 20 calls; its limit ends at 200, ours where a bulkhead does.
  limitMost: 1_024,
  limitLeast: 20,
  limitWindowMs: 1_000,
  limitShortWindow: 20,
  limitLongWindow: 600,
  limitTolerance: 1.5,
  limitSmoothing: 0.2,
  limitGradient: 0.5,
  limitQueue: 4,
  // Finagle and Linkerd: peak EWMA over 10 s.
  loadDecayMs: 10_000,
  // Ours: as long as the average of the others remembers.
  slowStartMs: 10_000,
  // Envoy: five in a row or 1.9 deviations among five with a hundred calls; 30 s each time, 300 s at most. Envoy leaves out 10 %; ours half.
  ejectAfter: 5,
  ejectMs: 30_000,
  longestEjectMs: 300_000,
  ejectShare: 0.5,
  ejectDeviations: 1.9,
  ejectInstances: 5,
  ejectCalls: 100,
  ejectWindowMs: 10_000,
};
