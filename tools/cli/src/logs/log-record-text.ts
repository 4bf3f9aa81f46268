import type { LogLine, LogRecord } from "@kerf/control-api";
import type { Paint } from "../output/paint.ts";
import { logLineText } from "./log-line-text.ts";

/** A line that was found, as it is printed where it stands in a log. `short`: without what its place says already. */
export function logRecordText(record: LogRecord, paint: Paint, how?: "short"): string {
  const { attributes, body, traceId } = record;
  const line: LogLine = {
    time: new Date(record.at / 1_000).toISOString(),
    source: record.unit ?? record.service,
    service: record.service,
    line: JSON.stringify({
      ...attributes,
      level: levelOf(record.severity),
      message: body,
      ...(traceId === undefined || how === "short" ? undefined : { trace_id: traceId }),
    }),
  };
  return logLineText(line, paint);
}

/** The same as one JSON object, with the names of a log's fields. */
export function logRecordDocument(record: LogRecord): Record<string, unknown> {
  const { attributes, instance, service, severity, spanId, traceId, unit } = record;
  return {
    time: new Date(record.at / 1_000).toISOString(),
    level: levelOf(severity),
    message: record.body,
    service,
    unit,
    instance,
    trace_id: traceId,
    span_id: spanId,
    ...attributes,
  };
}

/** OpenTelemetry's numbers, of which each level has four. */
function levelOf(severity: number): string {
  if (severity >= 17) return "error";
  if (severity >= 13) return "warn";
  return severity >= 9 || severity === 0 ? "info" : "debug";
}
