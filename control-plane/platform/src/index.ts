// Boundary: the control plane's one process. Others start it by path (`@kerf/platform/main`) and talk to it through the control
// API; what is exported here is for tests that run it inside their own process, or look at what it started.
export { type PlatformOptions, parseOptions } from "./options.ts";
export type { PlatformSurroundings } from "./parts.ts";
export { Platform } from "./platform.ts";
export { EventLog, type NewEvent } from "./progress/event-log.ts";
export { lives, type ProcessIdentity } from "./runtimes/process-identity.ts";
export type { InstanceRecord } from "./state/instance-records.ts";
