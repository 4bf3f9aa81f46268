import type {
  Attributes,
  ReceivedLog,
  ReceivedResource,
  ReceivedSink,
  ReceivedSpan,
  Value,
} from "./received.ts";
import { malformed } from "./wire-reader.ts";

type Json = Readonly<Record<string, unknown>>;

/** Deepest nesting of values that is read. */
const maxDepth = 16;

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

function* recordsOf(
  body: Buffer,
  resources: string,
  scopes: string,
  records: string,
): Generator<[ReceivedResource, Json]> {
  let document: unknown;
  try {
    document = JSON.parse(body.toString());
  } catch (error) {
    throw malformed(`it is no JSON: ${(error as Error).message}`);
  }
  for (const group of listIn(asObject(document), resources)) {
    const resource = {
      attributes: attributesOf(asObject(group["resource"] ?? {})["attributes"]) ?? {},
    };
    for (const scope of listIn(group, scopes))
      for (const record of listIn(scope, records)) yield [resource, record];
  }
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

function attributesOf(list: unknown, depth = 0): Attributes | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw malformed("attributes are no list");
  if (list.length === 0) return undefined;
  const attributes: Record<string, Value> = {};
  for (const one of list) {
    const { key, value } = asObject(one);
    // Names come from outside: none of them may reach a prototype.
    if (key === "__proto__") continue;
    attributes[textOf(key)] = value === undefined ? null : valueOf(asObject(value), depth);
  }
  return attributes;
}

function valueOf(value: Json, depth: number): Value {
  if (depth > maxDepth) throw malformed(`values are nested deeper than ${maxDepth}`);
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } =
    value;
  if (stringValue !== undefined) return textOf(stringValue);
  if (boolValue !== undefined) return boolValue === true;
  if (intValue !== undefined) {
    const number = Number(intValue);
    return Number.isSafeInteger(number) ? number : textOf(intValue);
  }
  if (doubleValue !== undefined) return Number(doubleValue);
  if (bytesValue !== undefined) return textOf(bytesValue);
  if (arrayValue !== undefined)
    return listIn(asObject(arrayValue), "values").map((one) => valueOf(one, depth + 1));
  if (kvlistValue !== undefined)
    return attributesOf(asObject(kvlistValue)["values"], depth + 1) ?? {};
  return null;
}

function idOf(value: unknown): Buffer {
  if (value === undefined) return Buffer.alloc(0);
  return Buffer.from(textOf(value), "hex");
}

/** Nanoseconds, mostly as text: 19 digits, of which the last three are left out. */
function microsOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return Math.floor(value / 1_000);
  const text = textOf(value);
  if (!/^\d{1,20}$/.test(text)) throw malformed(`${JSON.stringify(text)} is no time`);
  return Number(text.slice(0, -3) || "0");
}

function numberOf(value: unknown): number {
  const number = Number(value);
  if (!Number.isFinite(number)) throw malformed(`${JSON.stringify(value)} is no number`);
  return number;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw malformed(`${String(JSON.stringify(value))} is no text`);
}

function listIn(object: Json, name: string): Json[] {
  const list = object[name];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw malformed(`${name} is no list`);
  return list.map(asObject);
}

function asObject(value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(`${String(JSON.stringify(value))?.slice(0, 80)} is no object`);
}
