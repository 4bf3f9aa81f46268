// The one package that authors install: everything a service, a gateway or an app is written with.
export * from "./contract.ts";
export { postgres } from "@kerf/data";
export { type CallContext, type Clock, DeclaredError, delay, KerfError, type Principal } from "@kerf/kernel";
export {
  type App,
  app,
  type ClientsOf,
  type Gateway,
  gateway,
  type Handler,
  type HandlerArgs,
  type Handlers,
  type Service,
  service,
  type ServiceOptions,
  type TokenIssuer,
  type Uses,
  type Worker,
  type WorkerArgs,
} from "@kerf/service";
export type { Logger } from "@kerf/telemetry";
// Kysely's own names, so that an app needs no dependency of its own for its queries and generated table types.
export { type ColumnType, type Generated, type GeneratedAlways, type JSONColumnType, type Kysely, sql } from "kysely";
