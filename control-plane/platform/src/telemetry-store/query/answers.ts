import type { Row } from "../segments/segment.ts";

/** A span as it is answered. Times in microseconds since 1970-01-01 UTC, ids in hex. */
export interface FoundSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string;
  readonly service: string;
  readonly unit?: string;
  readonly release?: string;
  readonly instance?: string;
  readonly name: string;
  readonly kind: number;
  readonly startedAt: number;
  readonly durationMicros: number;
  readonly failed: boolean;
  readonly message?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly unknown[];
  readonly links: readonly unknown[];
}

/** A line of a log as it is answered. */
export interface FoundLog {
  /** Microseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly severity: number;
  readonly service: string;
  readonly unit?: string;
  readonly instance?: string;
  readonly traceId?: string;
  readonly spanId?: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A row of the table of spans, joined with its texts. */
export function spanOf(row: Row): FoundSpan {
  const { events = [], links = [], message } = objectIn(row["rest"]) as Partial<FoundSpan>;
  return {
    traceId: hexOf(row["trace"]) ?? "",
    spanId: hexOf(row["span"]) ?? "",
    name: String(row["name"]),
    kind: Number(row["kind"]),
    startedAt: Number(row["started"]),
    durationMicros: Number(row["duration"]),
    failed: row["failed"] === 1,
    attributes: objectIn(row["attributes"]),
    events,
    links,
    ...whoOf(row),
    ...said({ parentId: hexOf(row["parent"]), message }),
  };
}

/** A row of the table of logs, joined with its texts. */
export function logOf(row: Row): FoundLog {
  return {
    at: Number(row["at"]),
    severity: Number(row["severity"]),
    body: String(row["body"]),
    attributes: objectIn(row["attributes"]),
    ...whoOf(row),
    ...said({ traceId: hexOf(row["trace"]), spanId: hexOf(row["span"]) }),
  };
}

function whoOf(row: Row): Pick<FoundSpan, "service" | "unit" | "release" | "instance"> {
  const text = (name: string): string | undefined => {
    const value = row[name];
    return typeof value === "string" ? value : undefined;
  };
  const [unit, release, instance] = [text("unit"), text("release"), text("instance")];
  return { service: String(row["service"]), ...said({ unit, release, instance }) };
}

/** Only what there is. */
function said<Fields extends Readonly<Record<string, string | undefined>>>(
  fields: Fields,
): { [Name in keyof Fields]?: string } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [Name in keyof Fields]?: string };
}

/** An id as it is answered. */
export function hexOf(value: Row[string] | undefined): string | undefined {
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : undefined;
}

function objectIn(value: Row[string] | undefined): Readonly<Record<string, unknown>> {
  return typeof value === "string" ? (JSON.parse(value) as Record<string, unknown>) : {};
}
