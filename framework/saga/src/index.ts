// Boundary: sagas. Durable sequences of commands over several services, each step with its undo; they end, all done or all undone,
// or stop visibly and ask for an operator. Calls and emit are passed in.
export { SagaEngine, type SagaEngineOptions, type SagaOrigin, type SagaSignal } from "./engine.ts";
export type {
  LocalArgs,
  LocalScope,
  SagaDefinition,
  SagaFailure,
  SagaRow,
  SagaSteps,
  StartSaga,
  StepOptions,
  WaitOptions,
  Waits,
} from "./saga.ts";
export {
  type Acting,
  type SagaDetail,
  type SagaNote,
  SagaOperations,
  type SagaStepDetail,
  type SagaSummary,
} from "./operations.ts";
export {
  assertVersionsKnown,
  type UnknownVersion,
  unknownVersions,
  unknownVersionText,
} from "./unknown-versions.ts";
export { leaseMs } from "./saga-store.ts";
export { sagaSchema } from "./schema.ts";
export {
  type Missed,
  nextAfter,
  type ScheduleDefinition,
  scheduleDefinition,
  type ScheduleTimes,
} from "./schedules/schedule.ts";
export { type ListedSchedule, Scheduler } from "./schedules/scheduler.ts";
export { scheduleSchema } from "./schedules/schema.ts";
export type { Difference, Keyed, Pages } from "./reconciliation/compare.ts";
export {
  type ReconciliationDefinition,
  type ReconciliationReport,
  Reconciler,
} from "./reconciliation/reconciler.ts";
export { reconciliationSchema } from "./reconciliation/schema.ts";
