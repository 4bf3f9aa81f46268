import { setTimeout as sleep } from "node:timers/promises";
import { consumers, keepers } from "../app/services.ts";
import type { Evidence, Invariant } from "./invariant.ts";

/** No transaction of an app that is at rest lasts as long, milliseconds. */
const lookAgainMs = 3_000;

/** Rows of consumers that are behind the log that they read; ids as text. */
export async function behind(sql: Evidence["sql"]): Promise<unknown[]> {
  const lags: unknown[] = [];
  for (const { consumer, producer } of consumers) {
    const heads = await sql<{ shard: number; head: string }>(
      producer,
      "select shard, max(id)::text as head from kerf.event group by shard",
    );
    const marks = await sql<{ shard: number; watermark: string }>(
      consumer,
      "select shard, watermark::text from kerf.consumer_shard where producer = $1",
      [producer],
    );
    const watermarks = new Map(marks.map(({ shard, watermark }) => [shard, watermark]));
    for (const { shard, head } of heads) {
      const watermark = watermarks.get(shard);
      if (watermark !== head) lags.push({ consumer, producer, shard, head, watermark });
    }
  }
  return lags;
}

/** Transactions of instances that are the same ones now and a little later: nobody works on them. */
async function openTransactions(sql: Evidence["sql"]): Promise<unknown[]> {
  const held = new Map<string, unknown>();
  const look = async (each: (id: string, row: unknown) => void): Promise<void> => {
    for (const service of keepers) {
      // What an owner may see of the app's sessions: their locks. Every transaction holds one on itself, a command's key is another.
      const rows = await sql<{ pid: number; transaction: string; locks: string }>(
        service,
        `select l.pid, l.virtualtransaction as transaction, string_agg(distinct l.locktype, ' ') as locks
          from pg_locks l join pg_stat_activity a using (pid)
          where a.datname = current_database() and a.usename = $1 group by 1, 2`,
        [`${service}_app`],
      );
      for (const row of rows) each(`${service} ${row.pid} ${row.transaction}`, { service, ...row });
    }
  };
  await look((id, row) => held.set(id, row));
  await sleep(lookAgainMs);
  const open: unknown[] = [];
  await look((id, row) => {
    if (held.has(id)) open.push(row);
  });
  return open;
}

/** Nothing is in the middle of anything. */
export const atRest: Invariant = async ({ sql }) => {
  const parked: unknown[] = [];
  const open = await openTransactions(sql);
  for (const service of keepers) {
    const rows = await sql(
      service,
      "select key, id::text, event->>'name' as name, error from kerf.parked_event",
    );
    parked.push(...rows.map((row) => ({ service, ...row })));
  }
  return [
    { holds: "no event is parked", checked: keepers.length, violations: parked },
    {
      holds: "no transaction is left open, no key of a command is held",
      checked: keepers.length,
      violations: open,
    },
    {
      holds: "every consumer is at the head of the log that it reads",
      checked: consumers.length,
      violations: await behind(sql),
    },
  ];
};
