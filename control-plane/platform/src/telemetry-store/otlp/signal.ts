import type { Received } from "../store.ts";
import { readLogsJson, readTracesJson } from "./json.ts";
import { readLogs } from "./logs.ts";
import { pointOf } from "./metric.ts";
import { readMetricsJson } from "./metrics-json.ts";
import { readMetrics } from "./metrics.ts";
import type { ReceivedLog, ReceivedSpan } from "./received.ts";
import { readTraces } from "./traces.ts";

/** What of telemetry is sent. */
export type Signal = "traces" | "logs" | "metrics";
/** How it is written. */
export type Encoding = "protobuf" | "json";

/** Latest time that is taken, microseconds since 1970: beyond, SQLite's numbers and ours would part. */
const latest = Number.MAX_SAFE_INTEGER;

/** What a request holds, and what of it nobody can keep. */
export interface Batch {
  readonly rows: readonly Received[];
  readonly rejected: number;
  /** Why the first of them was rejected. */
  readonly why: string;
}

/** Reads a request. Throws `invalid_input` for a body that is none. */
export function readBatch(signal: Signal, encoding: Encoding, body: Buffer): Batch {
  const rows: Received[] = [];
  let rejected = 0;
  let why = "";
  const reject = (reason: string): void => {
    rejected++;
    if (why === "") why = reason;
  };
  if (signal === "traces") {
    const read = encoding === "json" ? readTracesJson : readTraces;
    read(body, (resource, span) => {
      const problem = problemOf(span);
      if (problem === undefined) rows.push({ resource, span });
      else reject(problem);
    });
  } else if (signal === "metrics") {
    const read = encoding === "json" ? readMetricsJson : readMetrics;
    read(body, (resource, metric) => {
      const point = pointOf(metric);
      if (typeof point === "string") reject(point);
      else rows.push({ resource, point });
    });
  } else {
    const read = encoding === "json" ? readLogsJson : readLogs;
    read(body, (resource, log) => {
      const problem = problemOfLog(log);
      if (problem === undefined) rows.push({ resource, log });
      else reject(problem);
    });
  }
  return { rows, rejected, why };
}

function problemOf({
  endedAt,
  parentId,
  spanId,
  startedAt,
  traceId,
}: ReceivedSpan): string | undefined {
  if (traceId.length !== 16 || isZero(traceId))
    return "a trace id is 16 bytes that are not all zero";
  if (spanId.length !== 8 || isZero(spanId)) return "a span id is 8 bytes that are not all zero";
  if (parentId !== undefined && parentId.length !== 8) return "the id of a span above is 8 bytes";
  if (!(startedAt > 0 && startedAt <= latest)) return "a span needs the time at which it began";
  if (!(endedAt > 0 && endedAt <= latest)) return "a span needs the time at which it ended";
  return undefined;
}

function problemOfLog({ at, spanId, traceId }: ReceivedLog): string | undefined {
  if (!(at > 0 && at <= latest)) return "a line of a log needs a time";
  if (traceId !== undefined && traceId.length !== 16) return "a trace id is 16 bytes";
  if (spanId !== undefined && spanId.length !== 8) return "a span id is 8 bytes";
  return undefined;
}

function isZero(id: Buffer): boolean {
  return id.every((byte) => byte === 0);
}
