/** Every field that the platform itself writes into a log line, with its meaning. Authors add their own beside them. */
export const logFields = {
  time: "RFC 3339 time in UTC, milliseconds",
  level: "debug, info, warn or error",
  message: "what happened, for people",
  service: "the service that speaks; absent when the program itself does",
  unit: "the unit of the program",
  instance: "id of the running copy",
  release: "number of the unit's release; absent where it runs from source",
  trace_id: "32 hex digits: the trace that the line belongs to",
  span_id: "16 hex digits: the span that the line belongs to",
  operation: "the operation that was handled",
  caller: "the calling service",
  method: "HTTP method of a request at the edge",
  route: "template of the route that answered it; paths themselves hold ids and are not logged",
  upstream: "the foreign service that a request at the edge was passed on to",
  status: "HTTP status of the answer; 499 when the client left before it",
  code: "stable code of an error",
  duration_ms: "milliseconds, with fractions",
  error: "an error in full, with its causes; never sent to a client",
} as const;

/** A field that the platform writes. */
export type LogField = keyof typeof logFields;
