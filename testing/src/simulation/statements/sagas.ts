import type { KnownStatement } from "../database/statement-table.ts";
import { answer, type StatementRun, type Steps } from "../database/statement-run.ts";
import type { Tuple } from "../database/table.ts";

const parsed = (json: string | null): unknown => (json === null ? null : JSON.parse(json));

function shown({ epoch, id, name, version, input, state, failure, ...rest }: Tuple): Tuple {
  const { trace, principal, cancel } = rest;
  return {
    id,
    name,
    version,
    input,
    state,
    failure,
    trace,
    principal,
    epoch: String(epoch),
    cancel,
  };
}

/** A saga as it is inserted, leased by whoever starts it. */
function newSaga(run: StatementRun, owner: string, leaseMs: number, given: Tuple): Tuple {
  return {
    ...given,
    state: "running",
    failure: null,
    cancel: null,
    woken: false,
    stuckFrom: null,
    startedAt: run.now,
    endedAt: null,
    wakeAt: run.now,
    owner,
    epoch: 1,
    leasedUntil: run.now + leaseMs,
  };
}

/** The fence: the saga's row as its owner has it. */
function ownedBy(id: unknown, epoch: unknown, instance: unknown): (row: Tuple) => boolean {
  return (row) => row["id"] === id && row["epoch"] === Number(epoch) && row["owner"] === instance;
}

/** Inserts a step under the lock of its saga's row; answers nothing when the fence holds it off. */
export function* insertStep(
  run: StatementRun,
  [saga, , , step, kind, declined, pivot, said]: readonly any[],
  fence: (row: Tuple) => boolean,
): Steps<ReturnType<typeof answer>> {
  const [fenced] = yield* run.selectForUpdate("saga", fence);
  if (fenced === undefined) return answer("SELECT");
  const row = { saga, step, kind, declined, pivot, answer: parsed(said) };
  yield* run.insertNew("saga_step", stepKey(row), { ...row, position: nextPosition(run) });
  return answer("SELECT", [{ cancelled: fenced["cancel"] !== null }]);
}

function stepKey({ saga, step, kind }: Tuple): string {
  return `${saga as string} ${step as string} ${kind as string}`;
}

function nextPosition(run: StatementRun): number {
  return run.database.sequence("saga_step_position").next();
}

/** As `kerf.saga_write` does: a function of several statements, each of which sees what was committed before it began. */
export function* writeBatch(
  run: StatementRun,
  [instance, ids, epochs, steps, moves, starts, leaseMs]: readonly any[],
  ours: (row: Tuple, epoch: number) => boolean,
): Steps<ReturnType<typeof answer>> {
  for (const start of (parsed(starts) ?? []) as Tuple[]) {
    yield* run.insert("saga", start["id"], newSaga(run, instance, leaseMs, start));
  }
  if (ids === null) return answer("SELECT");
  yield undefined;
  const fences = new Map<string, number>((ids as string[]).map((id, n) => [id, Number(epochs[n])]));
  const isOurs = (row: Tuple): boolean => {
    const epoch = fences.get(row["id"]);
    return epoch !== undefined && ours(row, epoch);
  };
  const locked = yield* run.again().selectForUpdate("saga", isOurs, { skipLocked: true });
  const held = new Map(locked.map((row) => [row["id"], row]));
  for (const step of (parsed(steps) ?? []) as Tuple[]) {
    if (!held.has(step["saga"])) continue;
    const row = { answer: null, ...step, position: nextPosition(run) };
    yield* run.insert("saga_step", stepKey(row), row);
  }
  for (const move of (parsed(moves) ?? []) as Tuple[]) {
    if (held.has(move["saga"])) yield* moveSaga(run.again(), move);
  }
  yield undefined;
  const seen = new Set(
    run
      .again()
      .select("saga", isOurs)
      .map((row) => row["id"]),
  );
  return answer(
    "SELECT",
    [...fences.keys()].map((saga) => ({
      saga,
      ours: held.has(saga) || seen.has(saga),
      written: held.has(saga),
      cancelled: (held.get(saga)?.["cancel"] ?? null) !== null,
    })),
  );
}

function* moveSaga(
  run: StatementRun,
  { saga, state, failure, pivoted }: Tuple,
): Steps<readonly Tuple[]> {
  return yield* run.update(
    "saga",
    (row) =>
      row["id"] === saga && (state !== "completed" || pivoted === true || row["cancel"] === null),
    (row) => ({
      state,
      failure:
        state === "stuck" && row["state"] === "undoing"
          ? withUndoing(failure, row["failure"])
          : (failure ?? row["failure"]),
      endedAt: state === "completed" || state === "undone" ? run.now : null,
      stuckFrom: state === "stuck" ? row["state"] : null,
    }),
  );
}

/** `failure || {"undoing": …}`: without a failure there is nothing to add it to. */
function withUndoing(failure: Tuple | null, undoing: unknown): Tuple | null {
  return failure === null ? null : { ...failure, undoing };
}

/** The statements of `framework/saga/src`. */
export const sagaStatements: readonly KnownStatement[] = [
  {
    name: "saga: insert",
    sql: `insert into kerf.saga (id, name, version, input, trace, principal, owner, leased_until)
        values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond')`,
    *work(run, [id, name, version, input, trace, principal, owner, leaseMs]) {
      const given = {
        id,
        name,
        version,
        input: parsed(input),
        trace,
        principal: parsed(principal),
      };
      yield* run.insertNew("saga", id as string, newSaga(run, owner, leaseMs, given));
      return answer("INSERT", [], 1);
    },
  },
  {
    name: "saga: claim",
    sql: `update kerf.saga set owner = $1, epoch = epoch + 1, leased_until = now() + $2 * interval '1 millisecond'
          where id = any(array(
            select id from kerf.saga
              where state in ('running', 'undoing') and wake_at <= now() and leased_until < now()
                and (name, version) in (select * from unnest($3::text[], $4::int[]))
                and id <> all($6::uuid[])
              order by wake_at limit $5 for update skip locked))
          returning id, name, version, input, state, failure, trace, principal, epoch::text as epoch, cancel`,
    *work(run, [instance, leaseMs, names, versions, limit, live]) {
      const known = new Set(
        (names as string[]).map((name, n) => `${name} ${versions[n] as number}`),
      );
      const due = yield* run.selectForUpdate(
        "saga",
        (row) =>
          (row["state"] === "running" || row["state"] === "undoing") &&
          row["wakeAt"] <= run.now &&
          row["leasedUntil"] < run.now &&
          !(live as string[]).includes(row["id"]) &&
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
          where id in (
            select id from kerf.saga where id = any($1::uuid[]) and owner = $2 order by id for no key update)
          returning id, cancel`,
    *work(run, [ids, instance, leaseMs]) {
      const locked = yield* run.selectForUpdate(
        "saga",
        (row) => (ids as string[]).includes(row["id"]) && row["owner"] === instance,
        { compare: (a, b) => (a["id"] < b["id"] ? -1 : 1) },
      );
      const ours = new Set(locked.map((row) => row["id"]));
      const beaten = yield* run.update(
        "saga",
        (row) => ours.has(row["id"]),
        () => ({ leasedUntil: run.now + leaseMs }),
      );
      return answer(
        "UPDATE",
        beaten.map(({ id, cancel }) => ({ id, cancel })),
      );
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
    sql: "select step, kind, declined, pivot, answer from kerf.saga_step where saga = $1 order by position",
    // eslint-disable-next-line require-yield -- reads
    *work(run, [saga]) {
      const rows = run
        .select("saga_step", (row) => row["saga"] === saga)
        .sort((a, b) => a["position"] - b["position"]);
      return answer("SELECT", rows.map(shownStep));
    },
  },
  {
    name: "saga: record a step",
    sql: `with fence as (
          select id, cancel is not null as cancelled from kerf.saga
            where id = $1 and epoch = $2 and owner = $3 for no key update),
        step as (
          insert into kerf.saga_step (saga, step, kind, declined, pivot, answer)
            select id, $4, $5, $6, $7, $8 from fence)
        select cancelled from fence`,
    *work(run, values) {
      const [id, epoch, instance] = values;
      return yield* insertStep(run, values, ownedBy(id, epoch, instance));
    },
  },
  {
    name: "saga: write a batch",
    sql: "select * from kerf.saga_write($1, $2::uuid[], $3::bigint[], $4, $5, $6, $7)",
    *work(run, values) {
      const [instance] = values;
      return yield* writeBatch(
        run,
        values,
        (row, epoch) => row["owner"] === instance && row["epoch"] === epoch,
      );
    },
  },
  {
    name: "saga: put aside",
    sql: `update kerf.saga set owner = null, leased_until = '-infinity', woken = false,
            wake_at = case when woken or cancel is not null then now()
              else coalesce(to_timestamp($4::double precision), 'infinity') end
          where id = $1 and epoch = $2 and owner = $3`,
    *work(run, [id, epoch, instance, seconds]) {
      const asleep = yield* run.update(
        "saga",
        ownedBy(id, epoch, instance),
        ({ woken, cancel }) => ({
          wakeAt:
            woken || cancel !== null ? run.now : seconds === null ? Infinity : seconds * 1_000,
          woken: false,
          owner: null,
          leasedUntil: Number.NEGATIVE_INFINITY,
        }),
      );
      return answer("UPDATE", [], asleep.length);
    },
  },
  {
    name: "saga: wait for its row",
    sql: "select from kerf.saga where id = $1 for no key update",
    *work(run, [id]) {
      const rows = yield* run.selectForUpdate("saga", (row) => row["id"] === id);
      return answer(
        "SELECT",
        rows.map(() => ({})),
      );
    },
  },
  {
    name: "saga: was it committed",
    sql: `select step, kind, declined, pivot, answer from kerf.saga_step
          where saga = $1 and step = $2 and kind = $3`,
    // eslint-disable-next-line require-yield -- reads
    *work(run, [saga, step, kind]) {
      const rows = run.select(
        "saga_step",
        (row) => row["saga"] === saga && row["step"] === step && row["kind"] === kind,
      );
      return answer("SELECT", rows.map(shownStep));
    },
  },
];

function shownStep({ step, kind, declined, pivot, answer: said }: Tuple): Tuple {
  return { step, kind, declined, pivot, answer: said };
}
