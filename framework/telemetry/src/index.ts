// What the platform says of itself: structured logs and the trace context that ties them together.
export { type LogField, logFields } from "./log-fields.ts";
export { type Fields, Logger, type LogLevel, type LogSink, silentLogger } from "./logger.ts";
export { continueTrace, formatTraceparent, parseTraceparent } from "./traceparent.ts";
