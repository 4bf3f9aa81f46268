// The ground under every package: context, deadline, clock, chance, ids, errors, lifecycle. Imports nothing of ours,
// nothing of Node that a browser lacks.
export { type Clock, delay, systemClock, type Timer } from "./clock.ts";
export { CallContext, type CancelWatcher, type ContextFields } from "./context.ts";
export { deadlineExceeded, defaultDeadlineMs, remaining } from "./deadline.ts";
export {
  DeclaredError,
  describeError,
  type ErrorCode,
  errorCodes,
  type ErrorDetails,
  type ErrorShape,
  httpStatusOf,
  KerfError,
  type RetryMeaning,
  toKerfError,
} from "./errors.ts";
export { newId, randomHex } from "./ids.ts";
export { Lifecycle, type LifecycleState, type LifecycleSteps } from "./lifecycle.ts";
export { ManualClock } from "./manual-clock.ts";
export type { Principal } from "./principal.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export { redactable, redacted, redactError, redactText } from "./redaction.ts";
export { TimerWheel, WheelEntry } from "./timer-wheel.ts";
export { newTrace, Trace, type TraceFields } from "./trace.ts";
