import type { ServiceDatabase } from "@kerf/data";
import { leaseMs, type NewSaga } from "./saga-store.ts";

/** A saga that is to be inserted. */
export interface Started {
  readonly start: NewSaga;
}

/** What one statement writes. */
export interface Batch {
  /** Epochs by the id of the saga. */
  readonly fences: ReadonlyMap<string, string>;
  /** `{ saga, step, kind, declined, pivot, answer }`. */
  readonly steps: readonly object[];
  /** `{ saga, state, failure, pivoted }`, one a saga. */
  readonly moves: readonly object[];
  readonly starts: readonly Started[];
}

/** What became of one saga of a batch. */
export interface BatchRow {
  readonly saga: string;
  /** Whether its row is there with our epoch and owner. */
  readonly ours: boolean;
  /** Whether it was written: not when another transaction holds its row. */
  readonly written: boolean;
  readonly cancelled: boolean;
}

/** Writes a batch in one statement, which is one transaction; answers a row for each fenced saga. */
export async function writeBatch(
  database: ServiceDatabase,
  deadline: number,
  instance: string,
  { fences, steps, moves, starts }: Batch,
): Promise<readonly BatchRow[]> {
  const { rows } = await database.write<BatchRow & { [column: string]: unknown }>(deadline, {
    text: "select * from kerf.saga_write($1, $2::uuid[], $3::bigint[], $4, $5, $6, $7)",
    values: [
      instance,
      fences.size === 0 ? null : [...fences.keys()],
      [...fences.values()],
      steps.length === 0 ? null : JSON.stringify(steps),
      moves.length === 0 ? null : JSON.stringify(moves),
      starts.length === 0 ? null : JSON.stringify(starts.map(({ start }) => start)),
      leaseMs,
    ],
  });
  return rows;
}

/** What became of one saga, in one word. */
export function verdictOf(row: BatchRow | undefined): "written" | "cancelled" | "held" | "stale" {
  if (row === undefined || !row.ours) return "stale";
  if (!row.written) return "held";
  return row.cancelled ? "cancelled" : "written";
}
