import {
  asObject,
  attributesOf,
  idOf,
  type Json,
  listIn,
  microsOf,
  numberOf,
  recordsOf,
  textOf,
  valueOf,
} from "./json-values.ts";
import type { ReceivedLog, ReceivedSink, ReceivedSpan } from "./received.ts";

/** Reads an ExportTraceServiceRequest in JSON (ids in hex, 64 bit numbers as text or number). Throws `invalid_input` for what is none. */
export function readTracesJson(body: Buffer, each: ReceivedSink<ReceivedSpan>): void {
  for (const [resource, span] of recordsOf(body, "resourceSpans", "scopeSpans", "spans"))
    each(resource, spanOf(span));
}

/** Reads an ExportLogsServiceRequest in JSON. Throws `invalid_input` for what is none. */
export function readLogsJson(body: Buffer, each: ReceivedSink<ReceivedLog>): void {
  for (const [resource, log] of recordsOf(body, "resourceLogs", "scopeLogs", "logRecords"))
    each(resource, logOf(log));
}

function spanOf(span: Json): ReceivedSpan {
  const status = asObject(span["status"] ?? {});
  const parentId = idOf(span["parentSpanId"]);
  const message = textOf(status["message"] ?? "");
  const events = listIn(span, "events").map((event) => ({
    name: textOf(event["name"] ?? ""),
    at: microsOf(event["timeUnixNano"]),
    attributes: attributesOf(event["attributes"]) ?? {},
  }));
  const links = listIn(span, "links").map((link) => ({
    traceId: textOf(link["traceId"] ?? ""),
    spanId: textOf(link["spanId"] ?? ""),
  }));
  return {
    traceId: idOf(span["traceId"]),
    spanId: idOf(span["spanId"]),
    parentId: parentId.length === 0 ? undefined : parentId,
    name: textOf(span["name"] ?? ""),
    kind: numberOf(span["kind"] ?? 0),
    startedAt: microsOf(span["startTimeUnixNano"]),
    endedAt: microsOf(span["endTimeUnixNano"]),
    failed: numberOf(status["code"] ?? 0) === 2,
    message: message === "" ? undefined : message,
    attributes: attributesOf(span["attributes"]),
    events: events.length === 0 ? undefined : events,
    links: links.length === 0 ? undefined : links,
  };
}

function logOf(log: Json): ReceivedLog {
  const [traceId, spanId] = [idOf(log["traceId"]), idOf(log["spanId"])];
  const happenedAt = microsOf(log["timeUnixNano"]);
  return {
    at: happenedAt === 0 ? microsOf(log["observedTimeUnixNano"]) : happenedAt,
    severity: numberOf(log["severityNumber"] ?? 0),
    body: log["body"] === undefined ? null : valueOf(asObject(log["body"]), 0),
    attributes: attributesOf(log["attributes"]),
    traceId: traceId.length === 0 ? undefined : traceId,
    spanId: spanId.length === 0 ? undefined : spanId,
  };
}
