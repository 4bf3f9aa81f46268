import type { CommandTransaction } from "@kerf/data";

/** What is waited for: the events of one name and key of one producer. */
export function topicOf(producer: string, event: string, key: string): string {
  return `${producer}.${event}:${key}`;
}

/** An event that sagas may wait for. */
export interface Signal {
  readonly topic: string;
  /** JSON, as the contract's schema gave it. */
  readonly payload: unknown;
}

/** Takes a lock on a topic until the transaction ends: who keeps a signal and who begins to wait for it see each other. */
const lockTopic = "select pg_advisory_xact_lock(hashtextextended('saga signal ' || $1, 0))";

/** Keeps a signal in the consumer's transaction, exactly once with whatever else the event does. */
export async function keepSignal(
  { raw }: CommandTransaction,
  { topic, payload }: Signal,
): Promise<void> {
  await raw.query(lockTopic, [topic]);
  await raw.query("insert into kerf.saga_signal (topic, payload) values ($1, $2)", [
    topic,
    JSON.stringify(payload),
  ]);
}

/** Wakes the sagas that wait for these; the last thing in the transaction, in one order of rows. */
export async function wakeWaiting(
  { raw }: CommandTransaction,
  topics: readonly string[],
): Promise<string[]> {
  const { rows } = await raw.query<{ id: string }>(
    `update kerf.saga set woken = true, wake_at = least(wake_at, now()) where id in (
        select s.id from kerf.saga s where s.state = 'running' and s.id in (
          select w.saga from kerf.saga_step w where w.kind = 'wait' and w.answer ->> 'topic' = any($1::text[])
            and not exists (select from kerf.saga_step d where d.saga = w.saga and d.step = w.step and d.kind = 'do'))
        order by s.id for no key update)
      returning id`,
    [topics],
  );
  return rows.map(({ id }) => id);
}

/** What a step that waits finds: since when the saga runs, and the oldest signal since then that no step of it was given. */
export async function findSignal(
  { raw }: CommandTransaction,
  saga: string,
  topic: string,
): Promise<{ id: string; payload: unknown } | undefined> {
  await raw.query(lockTopic, [topic]);
  const { rows } = await raw.query<{ id: string; payload: unknown }>(
    `select g.id::text as id, g.payload from kerf.saga_signal g join kerf.saga s on s.id = $1
      where g.topic = $2 and g.kept_at >= s.started_at and not exists (
        select from kerf.saga_step t where t.saga = s.id and t.kind = 'do'
          and t.answer ->> 'topic' = g.topic and t.answer ->> 'signal' = g.id::text)
      order by g.id limit 1`,
    [saga, topic],
  );
  return rows[0];
}
