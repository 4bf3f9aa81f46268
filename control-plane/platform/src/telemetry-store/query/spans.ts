import type { Row } from "../segments/segment.ts";
import type { Segments } from "../segments/segments.ts";
import { type FoundLog, type FoundSpan, logOf, spanOf } from "./answers.ts";
import { parseQuery } from "./parse-query.ts";
import { toSql } from "./to-sql.ts";

/** Spans of one trace that are answered at most: what a page can show, and more than any request should have. */
export const maxTraceSpans = 10_000;

/** From when to when, milliseconds since 1970-01-01 UTC. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** Which rows are asked for. */
export interface Search extends Period {
  readonly query: string;
  readonly limit: number;
}

/** Everything that is kept, whenever it happened. */
export const always: Period = { from: 0, to: Number.POSITIVE_INFINITY };

const spanColumns = `s.trace, s.span, s.parent, n.name, s.kind, s.started, s.duration, s.failed, s.attributes, s.rest,
  r.service, r.unit, r.release, r.instance`;
const logColumns = `s.at, s.severity, s.trace, s.span, s.body, s.attributes,
  r.service, r.unit, r.release, r.instance`;
const spansJoined = "spans s join names n on n.id = s.name join resources r on r.id = s.resource";
const logsJoined = "logs s join resources r on r.id = s.resource";

/** Every span of a trace, in the order in which they began; one that a sender sent twice is there once. */
export function spansOfTrace(segments: Segments, traceId: string): FoundSpan[] {
  const id = Buffer.from(traceId, "hex");
  const spans = new Map<string, FoundSpan>();
  segments.ask(always, (segment) => {
    const rows = segment.all(
      `select ${spanColumns} from ${spansJoined} where s.trace = ? limit ?`,
      id,
      maxTraceSpans - spans.size,
    );
    for (const span of rows.map(spanOf))
      spans.set(`${span.spanId} ${span.kind} ${span.startedAt}`, span);
    return spans.size < maxTraceSpans;
  });
  // What began together, the longer first: the other is below it.
  return [...spans.values()].sort(
    (one, other) => one.startedAt - other.startedAt || other.durationMicros - one.durationMicros,
  );
}

/** Spans that a query asks for, the newest first. Throws `invalid_input` for one that cannot be read. */
export function searchSpans(segments: Segments, search: Search): FoundSpan[] {
  const condition = toSql("spans", parseQuery(search.query));
  const text = `select ${spanColumns} from ${spansJoined}
    where s.started between ? and ? and (${condition.text}) order by s.id desc limit ?`;
  return rowsOf(segments, search, text, condition.values).map(spanOf);
}

/** Lines of logs that a query asks for, the newest first. Throws `invalid_input` for one that cannot be read. */
export function searchLogs(segments: Segments, search: Search): FoundLog[] {
  const condition = toSql("logs", parseQuery(search.query));
  const text = `select ${logColumns} from ${logsJoined}
    where s.at between ? and ? and (${condition.text}) order by s.id desc limit ?`;
  return rowsOf(segments, search, text, condition.values).map(logOf);
}

function rowsOf(
  segments: Segments,
  { from, limit, to }: Search,
  text: string,
  values: readonly (string | number | Uint8Array)[],
): Row[] {
  const rows: Row[] = [];
  segments.ask({ from, to }, (segment) => {
    const asked = [from * 1_000, to * 1_000, ...values, limit - rows.length];
    // One by one: of a damaged file what comes before the damage is found.
    for (const row of segment.each(text, ...asked)) rows.push(row);
    return rows.length < limit;
  });
  return rows;
}
