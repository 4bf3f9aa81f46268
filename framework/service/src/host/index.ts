// For programs that are hosts of a unit whose services run elsewhere: the same host with a companion beside it, or the events of an image alone.
export type { Companion, CompanionParts, MakeCompanion } from "./companion.ts";
export { runHost } from "./run-host.ts";
export { openProgramEvents, type ProgramEvents } from "./program-events.ts";
