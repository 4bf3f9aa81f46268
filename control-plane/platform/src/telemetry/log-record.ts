import type { Clock } from "@kerf/kernel";
import type { LogSource } from "../api/logs.ts";

/** A line as OTLP has it in JSON (opentelemetry/proto/logs/v1/logs.proto), with whose it is. */
export interface LogRecord {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly resource: Readonly<Record<string, string>>;
  readonly severity: number;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
}

/** Longest text of a line that is kept, characters. */
const longest = 16_384;

/** Numbers of severities: opentelemetry/proto/logs/v1/logs.proto. */
const severities: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, error: 17 };
/** What PostgreSQL calls its own (https://www.postgresql.org/docs/current/runtime-config-logging.html). */
const serverSeverities: Readonly<Record<string, number>> = {
  DEBUG: 5,
  INFO: 9,
  NOTICE: 9,
  LOG: 9,
  DETAIL: 9,
  HINT: 9,
  CONTEXT: 9,
  STATEMENT: 9,
  WARNING: 13,
  ERROR: 17,
  FATAL: 21,
  PANIC: 21,
};

/** Fields of a line that have a place of their own in a record. */
const placed = new Set([
  "time",
  "level",
  "message",
  "service",
  "unit",
  "instance",
  "release",
  "trace_id",
  "span_id",
]);

/** A line of a log as a record: of our own, of a database server, or of any program. */
export function logRecord(line: string, { source }: LogSource, clock: Clock): LogRecord {
  const fields = objectIn(line);
  if (fields === undefined) return plainRecord(line, source, clock);
  const {
    instance,
    level,
    message,
    release,
    service,
    span_id: spanId,
    time,
    trace_id: traceId,
  } = fields;
  const at = typeof time === "string" ? Date.parse(time) : Number.NaN;
  const others = Object.entries(fields).filter(([name]) => !placed.has(name));
  return {
    at: Number.isNaN(at) ? clock.wall() : at,
    resource: {
      "service.name": text(service) ?? source,
      "kerf.unit": source,
      ...(typeof instance === "string" ? { "service.instance.id": instance } : undefined),
      ...(typeof release === "number" ? { "service.version": String(release) } : undefined),
    },
    severity: severities[text(level) ?? "info"] ?? 9,
    body: text(message) ?? line.slice(0, longest),
    attributes: message === undefined ? {} : Object.fromEntries(others),
    traceId: hexOf(traceId, 32),
    spanId: hexOf(spanId, 16),
  };
}

function plainRecord(line: string, source: string, clock: Clock): LogRecord {
  const [, day, time, word] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT) .*?\b([A-Z]{3,9})\d?:/.exec(line) ?? [];
  return {
    at: day === undefined ? clock.wall() : Date.parse(`${day}T${time}Z`),
    resource: { "service.name": source, "kerf.unit": source },
    severity: serverSeverities[word ?? "LOG"] ?? 9,
    body: line.slice(0, longest),
    attributes: {},
  };
}

/** The body of an ExportLogsServiceRequest in JSON. `mark` is an attribute of the first record: by it the whole is found again. */
export function logsRequest(
  records: readonly LogRecord[],
  mark: Readonly<Record<string, string>>,
): string {
  const groups = Map.groupBy(records, ({ resource }) => JSON.stringify(resource));
  const [first] = records;
  const resourceLogs = [...groups.values()].map((group) => ({
    resource: { attributes: attributesOf(group[0]?.resource ?? {}) },
    scopeLogs: [
      {
        logRecords: group.map((record) => ({
          timeUnixNano: `${Math.round(record.at)}000000`,
          severityNumber: record.severity,
          body: { stringValue: record.body },
          attributes: attributesOf({
            ...record.attributes,
            ...(record === first ? mark : undefined),
          }),
          ...(record.traceId === undefined ? undefined : { traceId: record.traceId }),
          ...(record.spanId === undefined ? undefined : { spanId: record.spanId }),
        })),
      },
    ],
  }));
  return JSON.stringify({ resourceLogs });
}

function attributesOf(fields: Readonly<Record<string, unknown>>): unknown[] {
  return Object.entries(fields).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: unknown): unknown {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  // Nested values are rare in logs, and nobody looks for a part of one.
  return { stringValue: JSON.stringify(value) };
}

function objectIn(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value.slice(0, longest) : undefined;
}

function hexOf(value: unknown, digits: number): string | undefined {
  return typeof value === "string" && value.length === digits && /^[0-9a-f]+$/.test(value)
    ? value
    : undefined;
}
