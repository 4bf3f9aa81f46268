import type { Trace } from "@kerf/kernel";
import type { Histogram, Metrics } from "@kerf/telemetry";
import { type ConnectionConfig, serverAddress } from "./connection.ts";

/** Counts and times the statements of one service. */
export class StatementMetrics {
  readonly #metrics: Metrics;
  readonly #service: string;
  readonly #server: Readonly<Record<"db.system.name" | "db.namespace" | "server.address", string>>;
  readonly #series = new Map<string, Histogram>();

  constructor(metrics: Metrics, service: string, connection: ConnectionConfig) {
    this.#metrics = metrics;
    this.#service = service;
    this.#server = {
      "db.system.name": "postgresql",
      "db.namespace": connection.database,
      "server.address": serverAddress(connection),
    };
  }

  /** One was answered: `command` as PostgreSQL calls it. */
  answered(command: string, ms: number, trace: Trace | undefined, at: number): void {
    this.#seriesOf(command, undefined).record(ms, trace, at);
  }

  /** One failed. */
  failed(command: string, type: string, ms: number, trace: Trace | undefined, at: number): void {
    this.#seriesOf(command, type).record(ms, trace, at);
  }

  /** As many as there are commands and codes. */
  #seriesOf(command: string, type: string | undefined): Histogram {
    const key = type === undefined ? command : `${command} ${type}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = this.#metrics.histogram("db.client.operation.duration", this.#service, {
        ...this.#server,
        "db.operation.name": command,
        ...(type === undefined ? undefined : { "error.type": type }),
      });
      this.#series.set(key, series);
    }
    return series;
  }
}
