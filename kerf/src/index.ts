// Boundary: what service authors import. Services, gateways and the app, their data, calls as values, and contracts too, so
// that a small app needs no second import; who depends on contracts alone imports "kerf/contract".
export * from "./contract.ts";
export {
  postgres,
  type PostgresDeclaration,
  type PostgresOptions,
  sql,
  type TablesOf,
} from "@kerf/data";
export { type CallContext, type Clock, delay, newId, type Random } from "@kerf/kernel";
export {
  type App,
  app,
  type ClientsOf,
  type Difference,
  type Emit,
  type EventArgs,
  type EventHandlers,
  type CompressionSettings,
  type CorsSettings,
  external,
  type ExternalOptions,
  type ExternalServer,
  type Follows,
  type Gateway,
  gateway,
  type GatewayOptions,
  type GatewaySettings,
  type Policies,
  type PolicySettings,
  type RateLimit,
  type Handler,
  type HandlerArgs,
  type Handlers,
  type Service,
  service,
  type LocalStepArgs,
  type PageRequest,
  type ReadModelDeclaration,
  type Reconciliation,
  type ScheduleArgs,
  type ServiceModule,
  type ServiceOptions,
  type StepsOf,
  type Surroundings,
  type TokenIssuer,
  type Units,
  type Uses,
  type Worker,
  type WorkerArgs,
} from "@kerf/service";
export type { Fields, Logger, LogLevel } from "@kerf/telemetry";
// Kysely's own names, so that an app needs no dependency of its own for its queries and generated table types.
export type {
  ColumnType,
  Generated,
  GeneratedAlways,
  Insertable,
  JSONColumnType,
  Kysely,
  Selectable,
  Updateable,
} from "kysely";
