// The one path of every call: typed clients and the pipeline at the caller's side, the inbound half at the callee's, and
// the ports between them (transport, discovery). Knows nothing of databases, events or how a service is declared.
export { Balancer, type BalancerOptions } from "./balancing/balancer.ts";
export type { Endpoint } from "./balancing/endpoint.ts";
export { BoundedCache } from "./bounded-cache.ts";
export { Caller, type CallerOptions, type UntypedCall } from "./caller.ts";
export type { Discovery } from "./discovery/discovery.ts";
export { DnsDiscovery, type DnsDiscoveryOptions, type DnsName } from "./discovery/dns.ts";
export { type DnsResolver, systemResolver } from "./discovery/dns-resolver.ts";
export { KubernetesDiscovery, type KubernetesDiscoveryOptions } from "./discovery/kubernetes.ts";
export { inCluster, type KubernetesApi } from "./discovery/kubernetes-api.ts";
export type { KubernetesService } from "./discovery/endpoint-slices.ts";
export { PlacedDiscovery } from "./discovery/placed.ts";
export { type Search, startSearch } from "./discovery/search.ts";
export type { DiscoverySettings } from "./discovery/settings.ts";
export { SnapshotDiscovery } from "./discovery/snapshot.ts";
export { StaticDiscovery } from "./discovery/static.ts";
export { CallerPlacement, isPlacedIn } from "./identity/caller-placement.ts";
export { createCertificateRequest } from "./identity/certificate-request.ts";
export { parseSpiffeId, platformUnit, spiffeId, spiffeIdOf } from "./identity/spiffe.ts";
export {
  type Authorities,
  type Credentials,
  WorkloadIdentity,
  type WorkloadIdentityOptions,
} from "./identity/workload-identity.ts";
export { unitAt } from "./discovery/unit-at.ts";
export { Inbound, type InboundOptions } from "./inbound.ts";
export type { OperationCounters } from "./inbound/operation.ts";
export { type InboundPosition, inboundPipeline } from "./inbound/pipeline.ts";
export type { LocalOperation, LocalServices } from "./local-services.ts";
export { mayCall, readEvents } from "./may-call.ts";
export { pipeline, type Position } from "./pipeline.ts";
export type * from "./placement.ts";
export { CircuitBreaker, meansTrouble } from "./policies/circuit-breaker.ts";
export { type PolicyDefaults, policyDefaults } from "./policies/defaults.ts";
export { canStandIn } from "./policies/fallback.ts";
export {
  operationSettings,
  type Policies,
  policyProblems,
  type PolicySettings,
} from "./policies/settings.ts";
export { backoff } from "./policies/retry.ts";
export { RetryBudget } from "./policies/retry-budget.ts";
export { PrincipalSigner, PrincipalVerifier } from "./principal.ts";
export { rootContext } from "./root-context.ts";
export {
  CheckedError,
  type ErrorCheck,
  type ServedArguments,
  type ServedOperation,
  type ServedService,
} from "./inbound/served.ts";
export { clientKeyPrefix } from "./policies/idempotency-key.ts";
export { isNewer, openSnapshot, signSnapshot } from "./snapshot/signature.ts";
export { SnapshotStore } from "./snapshot/store.ts";
export { parseAddress } from "./transports/framed/address.ts";
export {
  type Dial,
  type DialOptions,
  type Dialing,
  unreachable,
} from "./transports/framed/dial.ts";
export type { FrameSocket } from "./transports/framed/frame-socket.ts";
export { connectFramed, type FramedClientOptions } from "./transports/framed/client.ts";
export { FramedCounters } from "./transports/framed/counters.ts";
export type { FramedLimits } from "./transports/framed/limits.ts";
export {
  type FramedServer,
  type FramedServerOptions,
  type FramedService,
  listenFramed,
  serveFramed,
} from "./transports/framed/server.ts";
export type { ClientSecurity } from "./transports/framed/tls/secure-connect.ts";
export { type FramedBeside, framedBeside } from "./transports/framed/tls/framed-beside.ts";
export type { CloseReason } from "./transports/framed/violation.ts";
export { InProcessTransport } from "./transports/in-process.ts";
export {
  type Dispatcher,
  type Incoming,
  type Reply,
  type Request,
  sendOver,
  type Transport,
} from "./transport.ts";
