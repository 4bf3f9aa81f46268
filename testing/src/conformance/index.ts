// The conformance suites: what every adapter of a port must do, as tests that its own test file registers.
export { callPathConformance, type ReachedProbe } from "./call-path.ts";
export {
  discoveryConformance,
  type DiscoveryUnderTest,
  type Endpoint as DiscoveryEndpoint,
  firstPlaces,
} from "./discovery.ts";
export { Probe, probeContract, type ProbeHandlers } from "./probe.ts";
export type { ConnectedTransport, TransportSetup } from "./start-probe.ts";
export { transportConformance } from "./transport.ts";
