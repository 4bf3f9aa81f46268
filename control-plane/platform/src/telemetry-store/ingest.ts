import { type Clock, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Received, TelemetryStore } from "./store.ts";

/** Rows that are written at once at most, and how long the first of them waits, milliseconds: a transaction costs as much as some fifty rows. */
const batchRows = 4_000;
const batchMs = 50;
/** Rows that may wait; beyond, senders are told to come back. Some 50 MB. */
const maxWaiting = 50_000;
/** Between two lines about the same failure, milliseconds. */
const sayMs = 60_000;

interface Waiting {
  readonly rows: readonly Received[];
  readonly kept: () => void;
  readonly failed: (error: KerfError) => void;
}

/** Gathers what arrives and has it written in few transactions. Who sent it is told when it is on disk, or that it is not. */
export class Ingest {
  readonly #store: TelemetryStore;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Waiting[] = [];
  #rows = 0;
  #timer: Timer | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(store: TelemetryStore, options: { clock: Clock; log: Logger }) {
    this.#store = store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /** Resolves when the rows are kept. Rejects with `overloaded` when too many wait, or with what keeps the store from writing. */
  add(rows: readonly Received[]): Promise<void> {
    if (rows.length === 0) return Promise.resolve();
    if (this.#rows + rows.length > maxWaiting && this.#rows > 0) {
      return Promise.reject(
        new KerfError("overloaded", {
          message: "The telemetry store has more to write than it can take.",
          retry: "not-executed",
          retryAfterMs: 1_000,
        }),
      );
    }
    return new Promise((kept, failed) => {
      this.#waiting.push({ rows, kept, failed });
      this.#rows += rows.length;
      if (this.#rows >= batchRows) this.flush();
      else this.#timer ??= this.#clock.after(batchMs, () => this.flush());
    });
  }

  /** Writes what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#rows = 0;
    if (waiting.length === 0) return;
    try {
      this.#store.add(waiting.flatMap(({ rows }) => rows));
      for (const { kept } of waiting) kept();
    } catch (thrown) {
      const error = new KerfError("unavailable", {
        message: `The telemetry store cannot write: ${toKerfError(thrown).message}`,
        retry: "not-executed",
        retryAfterMs: 5_000,
        cause: thrown,
      });
      this.#say(error);
      for (const { failed } of waiting) failed(error);
    }
  }

  #say(error: KerfError): void {
    const now = this.#clock.now();
    if (now - this.#saidAt < sayMs) return;
    this.#saidAt = now;
    this.#log.warn(error.message, { code: error.code });
  }
}
