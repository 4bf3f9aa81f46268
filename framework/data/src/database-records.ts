import type { Clock, Trace } from "@kerf/kernel";
import type { TracingParts } from "@kerf/telemetry";
import type { ConnectionConfig } from "./connection.ts";
import { DatabaseSpans, typeOf } from "./database-spans.ts";
import { StatementMetrics } from "./statement-metrics.ts";

/** What is recorded of one service's work with its database: spans of traces that are recorded, metrics of all of it. */
export class DatabaseRecords {
  /** Undefined where spans go nowhere. */
  readonly spans: DatabaseSpans | undefined;
  readonly #metrics: StatementMetrics | undefined;
  readonly #clock: Clock;

  constructor(
    { metrics, recorder }: Omit<TracingParts, "sampler">,
    options: { clock: Clock; service: string; connection: ConnectionConfig },
  ) {
    const { clock, connection, service } = options;
    this.#clock = clock;
    this.spans = recorder && new DatabaseSpans(recorder, options);
    this.#metrics = metrics && new StatementMetrics(metrics, service, connection);
  }

  /**
   * A statement was answered.
   * @param below the span whose work it is, when that is recorded
   * @param command what PostgreSQL calls it
   */
  answered(
    below: Trace | undefined,
    text: string,
    startedAt: number,
    command: string,
    rows: number,
  ): void {
    const trace = below && this.spans?.answered(below, text, startedAt, rows);
    const now = this.#clock.now();
    this.#metrics?.answered(command, now - startedAt, trace, now);
  }

  /** A statement failed, with what the driver said. */
  failed(below: Trace | undefined, text: string, startedAt: number, error: unknown): void {
    const trace = below && this.spans?.failed(below, text, startedAt, error);
    const now = this.#clock.now();
    const command = /^\s*(\w{1,32})/.exec(text)?.[1]?.toUpperCase() ?? "SQL";
    this.#metrics?.failed(command, typeOf(error), now - startedAt, trace, now);
  }
}
