// What an author writes: service(), gateway() and app(); and what runs it: the runtime that hosts, gateways with a backend
// and the test kit put services into a process with. Loads neither a schema library nor a database driver by itself.
export {
  app,
  type App,
  type ExternalServer,
  type ServiceModule,
  type Units,
} from "./declaration/app.ts";
export type { ManifestLimits, UnitLimits } from "./declaration/limits.ts";
export type { AlertSettings, AlertWindowSettings } from "./declaration/alerts.ts";
export type { Demonstration, Demonstrations } from "./declaration/demonstrations.ts";
export { type ManifestScale, mostCopies, type UnitScale } from "./declaration/scale.ts";
export {
  external,
  type ExternalOptions,
  type ExternalProgram,
  ExternalService,
  type Follows,
  type Forwarding,
  programOf,
} from "./declaration/external.ts";
export { byProducer, type DeliverEvent, type ImageEvents } from "./declaration/image-events.ts";
export type { Compose, Composed, Part } from "./declaration/compose.ts";
export type { Policies, PolicySettings } from "@kerf/call";
export type { TelemetrySettings } from "@kerf/telemetry";
export { gateway, type Gateway, type GatewayOptions } from "./declaration/gateway/gateway.ts";
export {
  type AuthenticationMethod,
  authenticationProblems,
  defaultAuthentication,
} from "./declaration/gateway/authentication/authentication.ts";
export {
  apiKeys,
  type ApiKeysMethod,
  type ApiKeysOptions,
} from "./declaration/gateway/authentication/api-keys.ts";
export {
  clientCertificates,
  type ClientCertificatesMethod,
  type ClientCertificatesOptions,
} from "./declaration/gateway/authentication/client-certificates.ts";
export {
  jwt,
  type JwtMethod,
  type JwtOptions,
  type TokenAlgorithm,
} from "./declaration/gateway/authentication/jwt.ts";
export {
  type OidcOptions,
  session,
  sessionRoutes,
  type SessionCookie,
  type SessionMethod,
  type SessionOptions,
} from "./declaration/gateway/authentication/session.ts";
export { tokens, type TokensMethod } from "./declaration/gateway/authentication/tokens.ts";
export type { Maintenance } from "./declaration/gateway/maintenance.ts";
export type { Mirror } from "./declaration/gateway/mirror.ts";
export {
  type HeaderEdits,
  isHeaderName,
  isHeaderValue,
  type Rewrite,
} from "./declaration/gateway/rewrite.ts";
export type { RouteCache } from "./declaration/gateway/route-cache.ts";
export type {
  RouteSettings,
  RouteTarget,
  SplitSide,
  Sticky,
} from "./declaration/gateway/routes.ts";
export type { GatewaySettings } from "./declaration/gateway/settings.ts";
export type { CompressionSettings } from "./declaration/gateway/compression.ts";
export type { CorsSettings } from "./declaration/gateway/cors.ts";
export type { RateLimit } from "./declaration/gateway/limits.ts";
export { type AcmeSettings, defaultDirectory } from "./declaration/gateway/acme.ts";
export {
  type AcmeTls,
  type FileTls,
  type GatewayTls,
  type NamedCertificateFiles,
  tlsProblems,
} from "./declaration/gateway/tls.ts";
export type { DiscoverySettings } from "@kerf/call";
export type { UpstreamDiscovery } from "./declaration/gateway/upstream-discovery.ts";
export { trafficProblems } from "./declaration/gateway/traffic.ts";
export { parseAddressRange, type TrustedProxies } from "./declaration/gateway/trusted-proxies.ts";
export type {
  UpstreamHealth,
  UpstreamPolicies,
  UpstreamSettings,
  UpstreamTls,
} from "./declaration/gateway/upstreams.ts";
export type {
  Handler,
  HandlerArgs,
  Handlers,
  Surroundings,
  Worker,
  WorkerArgs,
} from "./declaration/handlers.ts";
export { loadBuild } from "./build/load-build.ts";
export { loadApp, loading, loadService } from "./declaration/load.ts";
export { type AnyService, Service, service, type ServiceOptions } from "./declaration/service.ts";
export type { PageRequest, Reconciliation } from "./declaration/reconciliation.ts";
export type { ScheduleArgs } from "./declaration/schedule.ts";
export type { Difference, Keyed, ReconciliationReport } from "@kerf/saga";
export type { LocalStepArgs, StepsOf } from "./declaration/saga.ts";
export type {
  Emit,
  EventArgs,
  EventHandlers,
  ReadModelDeclaration,
  ReceivedEvent,
} from "./declaration/subscription.ts";
export {
  configSchema,
  developmentEnvironment,
  longestSecret,
  type ManifestSecret,
  type NoSettings,
  type SecretDeclaration,
  type SecretDeclarations,
  type Secrets,
  type Settings,
  type SettingsOf,
} from "./declaration/settings.ts";
export { type ClientsOf, type Use, type Uses, usesOf } from "./declaration/uses.ts";
export {
  type IssuerKey,
  KeyedTokenIssuer,
  tokenAlgorithm,
  tokenIdentity,
  type TokenIssuer,
  tokenLifetimeS,
} from "./issuer.ts";
export type {
  AppManifest,
  ManifestFailure,
  ManifestGateway,
  ManifestService,
  ManifestUse,
} from "./manifest.ts";
export { brokerOfFile } from "./runtime/broker-file.ts";
export {
  closeDatabases,
  databaseOfUrl,
  openDatabases,
  type ServiceDatabases,
} from "./runtime/databases.ts";
export { readEventsOperation } from "./runtime/event-log.ts";
export { type ActionAnswer, operate } from "./runtime/operate.ts";
export { healthOf } from "./host/health-port.ts";
export { type RuntimeOptions, ServiceRuntime } from "./runtime/runtime.ts";
export { openRedis, redisOfUrl, type ServiceRedis } from "./runtime/redis.ts";
export { openSettings, type ServiceSettings } from "./runtime/settings.ts";
export { systemSchema } from "./system-schema.ts";
export { cutUnits, resolveUnits, type UnitServices } from "./units.ts";
