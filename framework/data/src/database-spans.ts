import type { Clock, Trace } from "@kerf/kernel";
import { KerfError } from "@kerf/kernel";
import { type Attributes, type Recorder, SpanTemplate } from "@kerf/telemetry";
import { type ConnectionConfig, serverAddress } from "./connection.ts";
import { sqlState } from "./database-errors.ts";
import { summaryOf } from "./statement-summary.ts";

/** Most statements whose templates are kept, and the longest text that is, characters: what is built of values never comes again. */
const maxTemplates = 1_000;
const maxKept = 4_096;

/** Records what one service asks of its database, below the spans of those who ask; called for traces that are recorded only. */
export class DatabaseSpans {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #server: Readonly<Record<"db.system.name" | "db.namespace" | "server.address", string>>;
  readonly #transaction: SpanTemplate<"transaction">;
  readonly #statements = new Map<string, SpanTemplate<"statement">>();

  constructor(
    recorder: Recorder,
    options: { clock: Clock; service: string; connection: ConnectionConfig },
  ) {
    const { clock, connection, service } = options;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#service = service;
    this.#server = {
      "db.system.name": "postgresql",
      "db.namespace": connection.database,
      "server.address": serverAddress(connection),
    };
    this.#transaction = new SpanTemplate("transaction", service, "transaction", this.#server);
  }

  /** A transaction is over; `error`: what the database said, if it failed. */
  transaction(trace: Trace, startedAt: number, outcome: string, error: unknown): void {
    this.#record(this.#transaction, trace, startedAt, error, { "kerf.transaction": outcome });
  }

  /** A statement was answered; its span. */
  answered(above: Trace, text: string, startedAt: number, rows: number): Trace {
    const attributes = rows === 0 ? undefined : { "db.response.returned_rows": rows };
    const trace = above.child();
    this.#record(this.#templateOf(text), trace, startedAt, undefined, attributes);
    return trace;
  }

  /** A statement failed, with what the driver said; its span. */
  failed(above: Trace, text: string, startedAt: number, error: unknown): Trace {
    const trace = above.child();
    this.#record(this.#templateOf(text), trace, startedAt, error);
    return trace;
  }

  #record(
    of: SpanTemplate<"transaction" | "statement">,
    trace: Trace,
    startedAt: number,
    error: unknown,
    attributes?: Attributes,
  ): void {
    const failed = error !== undefined;
    this.#recorder.record({
      of,
      trace,
      startedAt,
      endedAt: this.#clock.now(),
      failed,
      attributes: failed ? { ...attributes, "error.type": typeOf(error) } : attributes,
    });
  }

  #templateOf(statement: string): SpanTemplate<"statement"> {
    let template = this.#statements.get(statement);
    if (template === undefined) {
      const { operation, table, text } = summaryOf(statement);
      const name = table === undefined ? operation : `${operation} ${table}`;
      template = new SpanTemplate("statement", this.#service, name, {
        ...this.#server,
        "db.operation.name": operation,
        ...(table === undefined ? undefined : { "db.collection.name": table }),
        "db.query.text": text,
      });
      if (statement.length > maxKept) return template;
      if (this.#statements.size >= maxTemplates) this.#statements.clear();
      this.#statements.set(statement, template);
    }
    return template;
  }
}

/** PostgreSQL's own code, or ours. */
export function typeOf(error: unknown): string {
  return sqlState(error) ?? (error instanceof KerfError ? error.code : "_OTHER");
}
