import { readAttribute, readValue } from "./attributes.ts";
import type { ReceivedLog, ReceivedSink, Value } from "./received.ts";
import { readRecords } from "./records.ts";
import type { WireReader } from "./wire-reader.ts";

// Numbers of fields: opentelemetry/proto/collector/logs/v1/logs_service.proto and opentelemetry/proto/logs/v1/logs.proto.

/** Reads an ExportLogsServiceRequest in protobuf. Throws `invalid_input` for what is none. */
export function readLogs(body: Buffer, each: ReceivedSink<ReceivedLog>): void {
  readRecords(body, (resource, log) => each(resource, readLog(log)));
}

function readLog(reader: WireReader): ReceivedLog {
  let happenedAt = 0;
  let seenAt = 0;
  let severity = 0;
  let body: Value = null;
  let attributes: Record<string, Value> | undefined;
  let traceId: Buffer | undefined;
  let spanId: Buffer | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) happenedAt = reader.micros();
    else if (field === 2) severity = reader.varint();
    else if (field === 5) body = readValue(reader.message());
    else if (field === 6) readAttribute(reader.message(), (attributes ??= {}));
    else if (field === 9) traceId = reader.bytes();
    else if (field === 10) spanId = reader.bytes();
    else if (field === 11) seenAt = reader.micros();
    else reader.skip();
  }
  if (traceId?.length === 0) traceId = undefined;
  if (spanId?.length === 0) spanId = undefined;
  // The specification: without the time at which it happened, the time at which it was seen.
  const at = happenedAt === 0 ? seenAt : happenedAt;
  return { at, severity, body, attributes, traceId, spanId };
}
