import { setTimeout as wait } from "node:timers/promises";
import type { ClientBase } from "pg";
import { KerfError } from "@kerf/kernel";

/** How long to wait for another process that does the same work, in milliseconds. */
const boundMs = 60_000;

/**
 * Runs `work` while holding the advisory lock `name` of the connected database. It asks again and again instead of waiting in the
 * server: a waiting statement holds a snapshot, and CREATE INDEX CONCURRENTLY of the lock's holder would wait for it.
 */
export async function withAdvisoryLock<T>(
  client: ClientBase,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const until = performance.now() + boundMs;
  for (;;) {
    const { rows } = await client.query<{ locked: boolean }>(
      "select pg_try_advisory_lock(hashtextextended($1, 0)) as locked",
      [name],
    );
    if (rows[0]?.locked === true) break;
    if (performance.now() > until) {
      throw new KerfError("conflict", {
        message: `Another process has held the lock "${name}" for ${boundMs / 1000} s.`,
        why: "The same work is being done elsewhere, or a process that did it hangs.",
        fix: "See who holds it: select pid from pg_locks where locktype = 'advisory'. End that backend when it hangs.",
        retry: "not-executed",
      });
    }
    await wait(20);
  }
  try {
    return await work();
  } finally {
    // When the connection is gone, so is the lock.
    await client
      .query("select pg_advisory_unlock(hashtextextended($1, 0))", [name])
      .catch(() => undefined);
  }
}
