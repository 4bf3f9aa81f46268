import type { KnownStatement } from "../database/statement-table.ts";
import { answer, type StatementRun, type Steps } from "../database/statement-run.ts";
import { ServerError } from "../database/errors.ts";
import type { Tuple } from "../database/table.ts";

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

function shown({ id, name, version, input, state, failure, trace, principal, epoch }: Tuple): Tuple {
  return { id, name, version, input, state, failure, trace, principal, epoch: String(epoch) };
}

/** The fence: the saga's row as its owner has it. */
function ownedBy(id: unknown, epoch: unknown, instance: unknown): (row: Tuple) => boolean {
  return (row) => row["id"] === id && row["epoch"] === Number(epoch) && row["owner"] === instance;
}

/** Inserts a step under the lock of its saga's row; answers its position, or nothing when the fence holds it off. */
export function* insertStep(
  run: StatementRun,
  [saga, , , step, kind, declined, said]: readonly any[],
  fence: (row: Tuple) => boolean,
): Steps<ReturnType<typeof answer>> {
  const [fenced] = yield* run.selectForUpdate("saga", fence);
  if (fenced === undefined) return answer("INSERT");
  const position = run.database.sequence("saga_step_position").next();
  const row = { saga, step, kind, position, declined, answer: parsed(said) };
  yield* run.insertNew("saga_step", `${saga as string} ${step as string} ${kind as string}`, row);
  return answer("INSERT", [{ position: String(position) }]);
}

/** The statements of `framework/saga/src/saga-store.ts`. */
export const sagaStatements: readonly KnownStatement[] = [
  {
    name: "saga: insert",
    sql: `insert into kerf.saga (id, name, version, input, trace, principal, owner, leased_until)
        values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond')`,
    *work(run, [id, name, version, input, trace, principal, owner, leaseMs]) {
      yield* run.insertNew("saga", id as string, {
        id,
        name,
        version,
        input: parsed(input),
        state: "running",
        failure: null,
        trace,
        principal: parsed(principal),
        endedAt: null,
        wakeAt: run.now,
        owner,
        epoch: 1,
        leasedUntil: run.now + leaseMs,
      });
      return answer("INSERT", [], 1);
    },
  },
  {
    name: "saga: claim",
    sql: `update kerf.saga set owner = $1, epoch = epoch + 1, leased_until = now() + $2 * interval '1 millisecond'
          where id in (
            select id from kerf.saga
              where state in ('running', 'undoing') and wake_at <= now() and leased_until < now()
                and (name, version) in (select * from unnest($3::text[], $4::int[]))
              order by wake_at limit $5 for update skip locked)
          returning id, name, version, input, state, failure, trace, principal, epoch::text as epoch`,
    *work(run, [instance, leaseMs, names, versions, limit]) {
      const known = new Set((names as string[]).map((name, n) => `${name} ${versions[n] as number}`));
      const due = yield* run.selectForUpdate(
        "saga",
        (row) =>
          (row["state"] === "running" || row["state"] === "undoing") &&
          row["wakeAt"] <= run.now &&
          row["leasedUntil"] < run.now &&
          known.has(`${row["name"] as string} ${row["version"] as number}`),
        { skipLocked: true, limit, compare: (a, b) => a["wakeAt"] - b["wakeAt"] },
      );
      const ids = new Set(due.map((row) => row["id"]));
      const claimed = yield* run.update(
        "saga",
        (row) => ids.has(row["id"]),
        ({ epoch }) => ({ owner: instance, epoch: epoch + 1, leasedUntil: run.now + leaseMs }),
      );
      return answer("UPDATE", claimed.map(shown));
    },
  },
  {
    name: "saga: beat",
    sql: `update kerf.saga set leased_until = now() + $3 * interval '1 millisecond'
          where id = any($1::uuid[]) and owner = $2 and leased_until > now()`,
    *work(run, [ids, instance, leaseMs]) {
      const beaten = yield* run.update(
        "saga",
        (row) =>
          (ids as string[]).includes(row["id"]) &&
          row["owner"] === instance &&
          row["leasedUntil"] > run.now,
        () => ({ leasedUntil: run.now + leaseMs }),
      );
      return answer("UPDATE", [], beaten.length);
    },
  },
  {
    name: "saga: release",
    sql: `update kerf.saga set owner = null, epoch = epoch + 1, leased_until = '-infinity'
          where id = any($1::uuid[]) and owner = $2`,
    *work(run, [ids, instance]) {
      const released = yield* run.update(
        "saga",
        (row) => (ids as string[]).includes(row["id"]) && row["owner"] === instance,
        ({ epoch }) => ({ owner: null, epoch: epoch + 1, leasedUntil: Number.NEGATIVE_INFINITY }),
      );
      return answer("UPDATE", [], released.length);
    },
  },
  {
    name: "saga: steps",
    sql: `select step, kind, position::text as position, declined, answer
        from kerf.saga_step where saga = $1 order by position`,
    // eslint-disable-next-line require-yield -- reads
    *work(run, [saga]) {
      const rows = run
        .select("saga_step", (row) => row["saga"] === saga)
        .sort((a, b) => a["position"] - b["position"])
        .map(({ step, kind, position, declined, answer: said }) => ({
          step,
          kind,
          position: String(position),
          declined,
          answer: said,
        }));
      return answer("SELECT", rows);
    },
  },
  {
    name: "saga: record a step",
    sql: `with fence as (select id from kerf.saga where id = $1 and epoch = $2 and owner = $3 for no key update)
        insert into kerf.saga_step (saga, step, kind, declined, answer)
        select id, $4, $5, $6, $7 from fence returning position::text as position`,
    *work(run, values) {
      const [id, epoch, instance] = values;
      return yield* insertStep(run, values, ownedBy(id, epoch, instance));
    },
  },
  {
    name: "saga: move on",
    sql: `update kerf.saga set state = $4, failure = coalesce($5, failure),
            ended_at = case when $4 in ('completed', 'undone') then now() end,
            owner = case when $4 = 'undoing' then owner end
          where id = $1 and epoch = $2 and owner = $3`,
    *work(run, [id, epoch, instance, state, failure]) {
      const moved = yield* run.update("saga", ownedBy(id, epoch, instance), (row) => ({
        state,
        failure: parsed(failure) ?? row["failure"],
        endedAt: state === "completed" || state === "undone" ? run.now : null,
        owner: state === "undoing" ? row["owner"] : null,
      }));
      if (moved.length > 1) throw new ServerError("XX000", "two sagas have one id");
      return answer("UPDATE", [], moved.length);
    },
  },
  {
    name: "saga: sleep",
    sql: `update kerf.saga set wake_at = to_timestamp($4::double precision / 1000), owner = null, leased_until = '-infinity'
          where id = $1 and epoch = $2 and owner = $3`,
    *work(run, [id, epoch, instance, wall]) {
      const asleep = yield* run.update("saga", ownedBy(id, epoch, instance), () => ({
        wakeAt: Number(wall),
        owner: null,
        leasedUntil: Number.NEGATIVE_INFINITY,
      }));
      return answer("UPDATE", [], asleep.length);
    },
  },
];
