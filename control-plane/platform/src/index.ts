// Boundary: the control plane's one process. Others start it by path (`@kerf/platform/main`) and talk to it through the control
// API; what is exported here is for tests that run it inside their own process.
export { type PlatformOptions, parseOptions } from "./options.ts";
export type { PlatformSurroundings } from "./assemble.ts";
export { Platform } from "./platform.ts";
export { EventLog, type NewEvent } from "./progress/event-log.ts";
