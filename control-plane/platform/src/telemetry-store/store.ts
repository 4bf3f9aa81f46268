import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { type Edge, edgesBetween } from "./metrics/edges.ts";
import { type FoundMetric, type MetricSearch, searchMetric } from "./metrics/metric-search.ts";
import type {
  ReceivedLog,
  ReceivedPoint,
  ReceivedResource,
  ReceivedSpan,
} from "./otlp/received.ts";
import type { FoundLog, FoundSpan } from "./query/answers.ts";
import { compare, type Compared, type Comparison } from "./query/compare.ts";
import { type Period, type Search, searchLogs, searchSpans, spansOfTrace } from "./query/spans.ts";
import { searchTraces, type TraceSummary } from "./query/traces.ts";
import { type Retention, Segments } from "./segments/segments.ts";

/** A row to be kept. */
export type Received =
  | { readonly resource: ReceivedResource; readonly span: ReceivedSpan }
  | { readonly resource: ReceivedResource; readonly log: ReceivedLog }
  | { readonly resource: ReceivedResource; readonly point: ReceivedPoint };

/** Keeps spans, lines of logs and points of metrics, and finds them again. All of it is synchronous: it has a process of its own. */
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
    try {
      this.#write(rows);
    } catch (error) {
      // A file that is damaged must not keep the store from taking what comes.
      if (!this.#segments.leave(error)) throw error;
      this.#write(rows);
    }
  }

  /** Every span of a trace, in the order in which they began. */
  trace(traceId: string): FoundSpan[] {
    return spansOfTrace(this.#segments, traceId);
  }

  /** Traces of which a span is asked for, the newest first. Throws `invalid_input` for a query that cannot be read. */
  traces(search: Search): TraceSummary[] {
    return searchTraces(this.#segments, search);
  }

  /** Spans that a query asks for, the newest first. Throws `invalid_input` for one that cannot be read. */
  spans(search: Search): FoundSpan[] {
    return searchSpans(this.#segments, search);
  }

  /** Lines of logs that a query asks for, the newest first. Throws `invalid_input` for one that cannot be read. */
  logs(search: Search): FoundLog[] {
    return searchLogs(this.#segments, search);
  }

  /** What traces have in common that others have not. Throws `invalid_input` for a query that cannot be read. */
  compare(asked: Comparison): Compared {
    return compare(this.#segments, asked);
  }

  /** A metric over time. Throws `invalid_input` for a query that cannot be read. */
  metric(asked: MetricSearch): FoundMetric {
    return searchMetric(this.#segments, asked);
  }

  /** Who called, told or asked whom. */
  edges(period: Period): Edge[] {
    return edgesBetween(this.#segments, period);
  }

  /** What is kept. */
  get stored(): Segments["stored"] {
    return this.#segments.stored;
  }

  close(): void {
    this.#segments.close();
  }

  #write(rows: readonly Received[]): void {
    const segment = this.#segments.current(rows.length);
    segment.transaction(() => {
      for (const row of rows) {
        if ("span" in row) segment.addSpan(row.resource, row.span);
        else if ("log" in row) segment.addLog(row.resource, row.log);
        else segment.addPoint(row.resource, row.point);
      }
    });
  }
}
