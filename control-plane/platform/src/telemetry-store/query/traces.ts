import { hexOf } from "./answers.ts";
import type { Row } from "../segments/segment.ts";
import type { Segments } from "../segments/segments.ts";
import { parseQuery } from "./parse-query.ts";
import { always, maxTraceSpans, type Search } from "./spans.ts";
import { toSql } from "./to-sql.ts";

/**
 * The span of a read of a log, which belongs to no request: a client's span, 3 in OTLP, that has nothing above it. There is one for every few events,
 * so that they are found when they are asked for, and are not between the requests otherwise.
 */
const isRead =
  "(s.kind = 3 and s.parent is null and s.name in (select id from names where name glob 'read *'))";

/** A trace in one line. */
export interface TraceSummary {
  readonly traceId: string;
  /** Microseconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  /** Of its first span, which is what the caller waited for; without that one from the earliest to the latest moment that is known. */
  readonly durationMicros: number;
  /** Service and name of the first span, or else of the earliest. */
  readonly service: string;
  readonly name: string;
  /** Whether one of its spans failed, and with which error: the first span's, or else the earliest's that has one. */
  readonly failed: boolean;
  readonly errorType?: string;
  readonly spans: number;
  /** In the order in which they come up. */
  readonly services: readonly string[];
}

/** Traces of which a span is asked for, the newest first. Throws `invalid_input` for a query that cannot be read. */
export function searchTraces(segments: Segments, search: Search): TraceSummary[] {
  return summarize(segments, findTraces(segments, search)).sort(
    (one, other) => other.startedAt - one.startedAt,
  );
}

/** Ids of traces of which a span is asked for, in hex, those that came last first. */
export function findTraces(segments: Segments, { from, limit, query, to }: Search): string[] {
  const { text, values } = toSql("spans", parseQuery(query));
  const wanted = query.trim() === "" ? `not ${isRead}` : text;
  const found = new Set<string>();
  segments.ask({ from, to }, (segment) => {
    const rows = segment.each(
      `select s.trace from spans s where s.started between ? and ? and (${wanted}) order by s.id desc`,
      from * 1_000,
      to * 1_000,
      ...values,
    );
    for (const row of rows) {
      found.add(hexOf(row["trace"]) ?? "");
      if (found.size >= limit) return false;
    }
    return true;
  });
  return [...found];
}

/** These traces, each in one line. */
export function summarize(segments: Segments, traceIds: readonly string[]): TraceSummary[] {
  const rows = new Map(traceIds.map((id): [string, Row[]] => [id, []]));
  segments.ask(always, (segment) => {
    for (const [id, known] of rows) {
      known.push(
        ...segment.all(
          `select s.parent, s.started, s.duration, s.failed, n.name, r.service,
             json_extract(s.attributes, '$."error.type"') as error
           from spans s join names n on n.id = s.name join resources r on r.id = s.resource
           where s.trace = ? limit ?`,
          Buffer.from(id, "hex"),
          maxTraceSpans - known.length,
        ),
      );
    }
  });
  return [...rows]
    .filter(([, spans]) => spans.length > 0)
    .map(([traceId, spans]) => summaryOf(traceId, spans));
}

function summaryOf(traceId: string, spans: Row[]): TraceSummary {
  spans.sort((one, other) => Number(one["started"]) - Number(other["started"]));
  const root = spans.find(({ parent }) => parent === null);
  const first = root ?? (spans[0] as Row);
  const startedAt = Number(first["started"]);
  const failed = spans.filter((span) => span["failed"] === 1);
  const error =
    first["error"] ?? failed.find((span) => typeof span["error"] === "string")?.["error"];
  return {
    traceId,
    startedAt,
    durationMicros:
      root === undefined
        ? Math.max(...spans.map((span) => Number(span["started"]) + Number(span["duration"]))) -
          startedAt
        : Number(root["duration"]),
    service: String(first["service"]),
    name: String(first["name"]),
    failed: failed.length > 0,
    ...(typeof error === "string" ? { errorType: error } : undefined),
    spans: spans.length,
    services: [...new Set(spans.map(({ service }) => String(service)))],
  };
}
