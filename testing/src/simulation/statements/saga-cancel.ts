import type { KnownStatement } from "../database/statement-table.ts";
import { answer } from "../database/statement-run.ts";

/** The statements of `SagaOperations.cancel`, in `framework/saga/src/operations.ts`. */
export const sagaCancelStatements: readonly KnownStatement[] = [
  {
    name: "saga: lock it",
    sql: `select state, stuck_from as "stuckFrom" from kerf.saga where id = $1 for no key update`,
    *work(run, [id]) {
      const rows = yield* run.selectForUpdate("saga", (row) => row["id"] === id);
      return answer(
        "SELECT",
        rows.map(({ state, stuckFrom }) => ({ state, stuckFrom })),
      );
    },
  },
  {
    name: "saga: is it beyond its pivot",
    sql: "select step from kerf.saga_step where saga = $1 and kind = 'do' and pivot and not declined limit 1",
    // eslint-disable-next-line require-yield -- reads
    *work(run, [id]) {
      const steps = run.select(
        "saga_step",
        ({ saga, kind, pivot, declined }) =>
          saga === id && kind === "do" && pivot === true && declined === false,
      );
      return answer(
        "SELECT",
        steps.slice(0, 1).map(({ step }) => ({ step })),
      );
    },
  },
  {
    name: "saga: cancel",
    sql: `update kerf.saga set cancel = coalesce(cancel, jsonb_strip_nulls(jsonb_build_object('at', now(), 'by', $2::text, 'note', $3::text))),
          wake_at = least(wake_at, now()), notes = notes || jsonb_build_array(jsonb_strip_nulls(
    jsonb_build_object('at', now(), 'by', $2::text, 'action', 'cancel', 'note', $3::text))),
          state = 'running', stuck_from = null,
          owner = case when state = 'stuck' then null else owner end,
          epoch = case when state = 'stuck' then epoch + 1 else epoch end,
          leased_until = case when state = 'stuck' then '-infinity' else leased_until end
        where id = $1`,
    *work(run, [id, by, note]) {
      const at = new Date(run.now).toISOString();
      const cancelled = yield* run.update(
        "saga",
        (row) => row["id"] === id,
        ({ cancel, wakeAt, state, owner, epoch, leasedUntil }) => ({
          cancel: cancel ?? (note === null ? { at, by } : { at, by, note }),
          wakeAt: Math.min(wakeAt, run.now),
          state: "running",
          stuckFrom: null,
          ...(state === "stuck"
            ? { owner: null, epoch: epoch + 1, leasedUntil: Number.NEGATIVE_INFINITY }
            : { owner, epoch, leasedUntil }),
        }),
      );
      return answer("UPDATE", [], cancelled.length);
    },
  },
];
