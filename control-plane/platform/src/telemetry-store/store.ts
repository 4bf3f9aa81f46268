import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { ReceivedLog, ReceivedResource, ReceivedSpan } from "./otlp/received.ts";
import { parseQuery } from "./query/parse-query.ts";
import { type Subject, toSql } from "./query/to-sql.ts";
import { type FoundLog, type FoundSpan, logOf, spanOf } from "./query/answers.ts";
import type { Row } from "./segments/segment.ts";
import { type Retention, Segments } from "./segments/segments.ts";

/** Spans of one trace that are answered at most: what a page can show, and more than any request should have. */
const maxTraceSpans = 10_000;

/** A row to be kept. */
export type Received =
  | { readonly resource: ReceivedResource; readonly span: ReceivedSpan; readonly log?: undefined }
  | { readonly resource: ReceivedResource; readonly log: ReceivedLog; readonly span?: undefined };

/** Which rows are asked for. */
export interface Search {
  readonly query: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
}

const spanColumns = `s.trace, s.span, s.parent, n.name, s.kind, s.started, s.duration, s.failed, s.attributes, s.rest,
  r.service, r.unit, r.release, r.instance`;
const logColumns = `s.at, s.severity, s.trace, s.span, s.body, s.attributes,
  r.service, r.unit, r.release, r.instance`;
const spansJoined = "spans s join names n on n.id = s.name join resources r on r.id = s.resource";
const logsJoined = "logs s join resources r on r.id = s.resource";

/** Keeps spans and lines of logs, and finds them again. All of it is synchronous: it has a process of its own. */
export class TelemetryStore {
  readonly #segments: Segments;

  constructor(
    directory: string,
    options: { clock: Clock; log: Logger; retention?: Retention | undefined },
  ) {
    this.#segments = new Segments(directory, options);
  }

  /** Keeps all of it, or throws and keeps none. */
  add(rows: readonly Received[]): void {
    if (rows.length === 0) return;
    const segment = this.#segments.current(rows.length);
    segment.transaction(() => {
      for (const { resource, span, log } of rows) {
        if (span !== undefined) segment.addSpan(resource, span);
        else segment.addLog(resource, log);
      }
    });
  }

  /** Every span of a trace, in the order in which they began. */
  trace(traceId: string): FoundSpan[] {
    const id = Buffer.from(traceId, "hex");
    const rows: Row[] = [];
    for (const segment of this.#segments.between(0, Number.POSITIVE_INFINITY)) {
      rows.push(
        ...segment.all(
          `select ${spanColumns} from ${spansJoined} where s.trace = ? limit ?`,
          id,
          maxTraceSpans - rows.length,
        ),
      );
      if (rows.length >= maxTraceSpans) break;
    }
    return rows.map(spanOf).sort((one, other) => one.startedAt - other.startedAt);
  }

  /** Spans that a query asks for, the newest first. Throws `invalid_input` for one that cannot be read. */
  spans(search: Search): FoundSpan[] {
    return this.#search("spans", search).map(spanOf);
  }

  /** Lines of logs that a query asks for, the newest first. Throws `invalid_input` for one that cannot be read. */
  logs(search: Search): FoundLog[] {
    return this.#search("logs", search).map(logOf);
  }

  /** What is kept. */
  get stored(): Segments["stored"] {
    return this.#segments.stored;
  }

  close(): void {
    this.#segments.close();
  }

  #search(subject: Subject, { from, limit, query, to }: Search): Row[] {
    const { text, values } = toSql(subject, parseQuery(query));
    const [columns, tables, time] =
      subject === "spans"
        ? [spanColumns, spansJoined, "s.started"]
        : [logColumns, logsJoined, "s.at"];
    const rows: Row[] = [];
    for (const segment of this.#segments.between(from, to)) {
      rows.push(
        ...segment.all(
          `select ${columns} from ${tables} where ${time} between ? and ? and (${text}) order by s.id desc limit ?`,
          from * 1_000,
          to * 1_000,
          ...values,
          limit - rows.length,
        ),
      );
      if (rows.length >= limit) break;
    }
    return rows;
  }
}
