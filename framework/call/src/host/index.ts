// What every program that the platform starts has in common: its boot document, its lifeline, its link to the platform,
// and the contract that they speak. Node only.
export { readBoot, type ReadBootOptions } from "./boot.ts";
export { type BootFile, bootFileVariable } from "./boot-file.ts";
export { HostLink, type HostLinkOptions } from "./host-link.ts";
export { type Link, openLink } from "./link.ts";
export { type HostProblem, hosts, type LeaseOrder, type WakeOrder } from "./hosts.ts";
export { keepAlive } from "./keep-alive.ts";
export { watchLifeline } from "./lifeline.ts";
export {
  LatencyHistogram,
  latencyBuckets,
  latencyEdge,
  packLatency,
} from "../load/latency-histogram.ts";
export type { LoadSource, OperationLoad } from "../load/load-source.ts";
export { RequestLoad } from "../load/request-load.ts";
export { obtainIdentity } from "./obtain-identity.ts";
export { returnMemoryWhenIdle } from "./return-memory.ts";
export { Workload, type WorkloadParts } from "./workload.ts";
