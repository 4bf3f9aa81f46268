import type { ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";
import type { SagaFailure, SagaRow, SagaState, StepRow } from "./saga.ts";
import { staleLease } from "./stale-lease.ts";

/** Bound of one write, milliseconds. */
const writeMs = 15_000;
/** Sagas in one write at most. */
const maxBatch = 256;

/** What becomes of a saga with its rows. */
export interface Move {
  readonly state: SagaState;
  readonly failure?: SagaFailure | null;
  readonly problem?: SagaFailure | null;
}

/** What one saga has to write: rows, a new state, or both. */
export interface Write {
  readonly saga: SagaRow;
  readonly rows: readonly StepRow[];
  readonly move?: Move | undefined;
}

interface Waiting extends Write {
  readonly written: (cancel: string | null) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Writes what the sagas of one instance have done: all that is there when the writer is free, in one statement. One alone is written at once.
 * The epoch of each saga is checked under its row's lock in the same statement; one that was taken over is refused alone.
 */
export class StepWriter {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #instance: string;
  #queue: Waiting[] = [];
  #writing = false;

  constructor(database: ServiceDatabase, clock: Clock, instance: string) {
    this.#database = database;
    this.#clock = clock;
    this.#instance = instance;
  }

  /**
   * Resolves when it is durable, with the reason of a cancellation when there is one. Throws `stale_lease` when another
   * instance has taken over; after any other error it may be written again, which changes nothing when it was written.
   */
  write(write: Write): Promise<string | null> {
    return new Promise((written, failed) => {
      this.#queue.push({ ...write, written, failed });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.splice(0, maxBatch);
        await this.#flush(batch).catch((error: unknown) => {
          for (const { failed } of batch) failed(error);
        });
      }
    } finally {
      this.#writing = false;
    }
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    const rows = batch.flatMap(({ saga, rows: own }) => own.map((row) => ({ saga: saga.id, row })));
    const moves = batch.flatMap(({ saga, move }) =>
      move === undefined ? [] : [{ saga: saga.id, move }],
    );
    const { rows: fenced } = await this.#database.write<{ id: string; cancel: string | null }>(
      this.#clock.now() + writeMs,
      "select id::text as id, cancel from kerf.saga_record($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      [
        this.#instance,
        batch.map(({ saga }) => saga.id),
        batch.map(({ saga }) => saga.epoch),
        rows.map(({ saga }) => saga),
        rows.map(({ row }) => row.step),
        rows.map(({ row }) => row.kind),
        rows.map(({ row }) => row.declined),
        rows.map(({ row }) => row.pivot),
        rows.map(({ row }) => JSON.stringify(row.answer ?? null)),
        moves.map(({ saga }) => saga),
        moves.map(({ move }) => move.state),
        moves.map(({ move }) => jsonOrNull(move.failure)),
        moves.map(({ move }) => jsonOrNull(move.problem)),
      ],
    );
    const valid = new Map(fenced.map(({ id, cancel }) => [id, cancel]));
    for (const { saga, written, failed } of batch) {
      const cancel = valid.get(saga.id);
      if (cancel === undefined) failed(staleLease(saga));
      else written(cancel);
    }
  }
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
