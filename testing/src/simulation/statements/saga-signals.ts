import type { KnownStatement } from "../database/statement-table.ts";
import { answer, type StatementRun, type Steps } from "../database/statement-run.ts";
import type { Tuple } from "../database/table.ts";

/** Whether a step is recorded as done. */
function isDone(run: StatementRun, saga: unknown, step: unknown): boolean {
  return (
    run.select(
      "saga_step",
      (row) => row["saga"] === saga && row["step"] === step && row["kind"] === "do",
    ).length > 0
  );
}

/** Wakes the sagas that wait for a topic, in the order of their ids. */
function* wake(run: StatementRun, topics: readonly string[]): Steps<Tuple[]> {
  const waiting = new Set(
    run
      .select(
        "saga_step",
        ({ kind, answer: said }) => kind === "wait" && topics.includes(said?.["topic"]),
      )
      .filter(({ saga, step }) => !isDone(run, saga, step))
      .map(({ saga }) => saga),
  );
  const locked = yield* run.selectForUpdate(
    "saga",
    (row) => row["state"] === "running" && waiting.has(row["id"]),
    { compare: (a, b) => (a["id"] < b["id"] ? -1 : 1) },
  );
  const ids = new Set(locked.map((row) => row["id"]));
  return yield* run.update(
    "saga",
    (row) => ids.has(row["id"]),
    ({ wakeAt }) => ({ woken: true, wakeAt: Math.min(wakeAt, run.now) }),
  );
}

/** The statements of `framework/saga/src/signals.ts`, and what a step that waits looks for. */
export const sagaSignalStatements: readonly KnownStatement[] = [
  {
    name: "saga: lock a topic",
    sql: "select pg_advisory_xact_lock(hashtextextended('saga signal ' || $1, 0))",
    *work(run, [topic]) {
      yield* run.advisoryLock(`saga signal ${topic as string}`);
      return answer("SELECT", [{ pg_advisory_xact_lock: "" }]);
    },
  },
  {
    name: "saga: keep a signal",
    sql: "insert into kerf.saga_signal (topic, payload) values ($1, $2)",
    *work(run, [topic, payload]) {
      const id = run.database.sequence("saga_signal").next();
      const row = { id, topic, payload: JSON.parse(payload), keptAt: run.now };
      yield* run.insertNew("saga_signal", String(id), row);
      return answer("INSERT", [], 1);
    },
  },
  {
    name: "saga: wake who waits",
    sql: `update kerf.saga set woken = true, wake_at = least(wake_at, now()) where id in (
        select s.id from kerf.saga s where s.state = 'running' and s.id in (
          select w.saga from kerf.saga_step w where w.kind = 'wait' and w.answer ->> 'topic' = any($1::text[])
            and not exists (select from kerf.saga_step d where d.saga = w.saga and d.step = w.step and d.kind = 'do'))
        order by s.id for no key update)
      returning id`,
    *work(run, [topics]) {
      const woken = yield* wake(run, topics);
      return answer(
        "UPDATE",
        woken.map(({ id }) => ({ id })),
      );
    },
  },
  {
    name: "saga: find a signal",
    sql: `select g.id::text as id, g.payload from kerf.saga_signal g join kerf.saga s on s.id = $1
      where g.topic = $2 and g.kept_at >= s.started_at and not exists (
        select from kerf.saga_step t where t.saga = s.id and t.kind = 'do'
          and t.answer ->> 'topic' = g.topic and t.answer ->> 'signal' = g.id::text)
      order by g.id limit 1`,
    // eslint-disable-next-line require-yield -- reads
    *work(run, [id, topic]) {
      const [saga] = run.select("saga", (row) => row["id"] === id);
      if (saga === undefined) return answer("SELECT");
      const given = new Set(
        run
          .select("saga_step", (row) => row["saga"] === id && row["kind"] === "do")
          .filter(({ answer: said }) => said?.["topic"] === topic)
          .map(({ answer: said }) => said?.["signal"] as unknown),
      );
      const [first] = run
        .select(
          "saga_signal",
          (row) => row["topic"] === topic && row["keptAt"] >= saga["startedAt"],
        )
        .filter((row) => !given.has(String(row["id"])))
        .sort((a, b) => a["id"] - b["id"]);
      if (first === undefined) return answer("SELECT");
      return answer("SELECT", [{ id: String(first["id"]), payload: first["payload"] }]);
    },
  },
  {
    name: "saga: until when it waits",
    sql: `select (answer ->> 'until')::float8 as until from kerf.saga_step
          where saga = $1 and step = $2 and kind = 'wait'`,
    // eslint-disable-next-line require-yield -- reads
    *work(run, [saga, step]) {
      const rows = run.select(
        "saga_step",
        (row) => row["saga"] === saga && row["step"] === step && row["kind"] === "wait",
      );
      return answer(
        "SELECT",
        rows.map(({ answer: said }) => ({ until: said?.["until"] ?? null })),
      );
    },
  },
];
