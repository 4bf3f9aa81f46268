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

/**
 * Records, moves and starts in one statement, which is one transaction. The rows of the sagas are locked while their epochs are
 * checked, passing over those that somebody holds, so that it waits for nobody. Writing the same again changes nothing.
 */
const statement = `
  with fence as materialized (
    select * from unnest($1::uuid[], $2::bigint[]) as f(saga, epoch)),
  ours as materialized (
    select s.id, s.cancel is not null as cancelled from kerf.saga s
      where s.id = any($1::uuid[]) and s.owner = $3
        and exists (select from fence f where f.saga = s.id and f.epoch = s.epoch)
      for no key update skip locked),
  steps as (
    insert into kerf.saga_step (saga, step, kind, declined, pivot, answer)
      select g.saga, g.step, g.kind, g.declined, g.pivot, g.answer
        from rows from (json_to_recordset($4::json)
          as (saga uuid, step text, kind text, declined boolean, pivot boolean, answer jsonb))
          with ordinality as g(saga, step, kind, declined, pivot, answer, n)
        where g.saga in (select id from ours)
        order by g.n
      on conflict do nothing),
  moves as (
    update kerf.saga s set state = g.state, failure = coalesce(g.failure, s.failure),
        ended_at = case when g.state in ('completed', 'undone') then now() end,
        stuck_from = case when g.state = 'stuck' then s.state end
      from json_to_recordset($5::json) as g(saga uuid, state text, failure jsonb, pivoted boolean)
      where s.id = g.saga and s.id in (select id from ours)
        and (g.state <> 'completed' or g.pivoted or s.cancel is null)),
  starts as (
    insert into kerf.saga (id, name, version, input, trace, principal, owner, leased_until)
      select g.id, g.name, g.version, g.input, g.trace, g.principal, $3, now() + $7 * interval '1 millisecond'
        from json_to_recordset($6::json)
          as g(id uuid, name text, version integer, input jsonb, trace text, principal jsonb)
      on conflict do nothing)
  select f.saga, o.id is not null as written, coalesce(o.cancelled, false) as cancelled,
      o.id is not null or exists (
        select from kerf.saga s where s.id = f.saga and s.epoch = f.epoch and s.owner = $3) as ours
    from fence f left join ours o on o.id = f.saga`;

/** Writes a batch; answers a row for each fenced saga. */
export async function writeBatch(
  database: ServiceDatabase,
  deadline: number,
  instance: string,
  { fences, steps, moves, starts }: Batch,
): Promise<readonly BatchRow[]> {
  const { rows } = await database.write<BatchRow & { [column: string]: unknown }>(deadline, {
    text: statement,
    values: [
      [...fences.keys()],
      [...fences.values()],
      instance,
      JSON.stringify(steps),
      JSON.stringify(moves),
      JSON.stringify(starts.map(({ start }) => start)),
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
