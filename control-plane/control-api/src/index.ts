// Where the planes meet: the contract of the platform's own API and the types of what it says. Contracts only.
export {
  type ChangeKind,
  type ChangeReport,
  changeReport,
  type GateFinding,
  type GateVerdict,
  type MeasuredCalls,
  type OperationLatency,
  type ReleaseStatus,
  type RolloutStep,
  rolloutStep,
} from "./changes.ts";
export {
  alertOperations,
  type AlertStatus,
  type DestinationStatus,
  type ObjectiveStatus,
  type Silence,
} from "./alerts.ts";
export { type AuditEntry, auditEntry, auditOperations } from "./audit.ts";
export { domainOperations, type DomainStatus, domainStatus } from "./domains.ts";
export { dashboardOperations, sessionKeyHeader } from "./dashboard.ts";
export { errorShape } from "./error-shape.ts";
export {
  foreignImage,
  type ForeignImageStatus,
  imageOperations,
  imageOrder,
  isSecretName,
} from "./images.ts";
export { type LogLine, logLine, logsInput } from "./logs.ts";
export { operatorHeader } from "./operator-header.ts";
export { onCallOperations, type OnCallStatus, type Rota } from "./on-call.ts";
export { platform, type PlatformContract } from "./platform.ts";
export { type ProgressEvent, progressEvent } from "./progress.ts";
export { settingsOperations } from "./settings.ts";
export { type TokenStatus, tokenOperations } from "./tokens.ts";
export {
  type LogRecord,
  type MetricSeries,
  type Span,
  telemetryOperations,
  type TraceComparison,
  type TraceSummary,
  type TrafficMap,
} from "./telemetry.ts";
export { unitStopOperations } from "./unit-stops.ts";
export { type WatchedChange, type WatchedRelease, watchOperations } from "./watches.ts";
export { type Explanation, whyOperations } from "./why.ts";
export { type SqlResult, sqlInput, sqlResult } from "./sql.ts";
export {
  type ChangeStatus,
  type DatabaseServerStatus,
  type GatewayStatus,
  type InstanceStatus,
  type RunState,
  type ServiceStatus,
  type Status,
  type LoadStatus,
  status,
  type UnitStatus,
} from "./status.ts";
export {
  type DatabaseMoveReport,
  databaseMoveOperations,
  databaseMoveReport,
} from "./database-moves.ts";
