import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import { KerfError } from "@kerf/kernel";
import { sqlState } from "../database-errors.ts";
import { readContents } from "./contents.ts";

/** How long an attempt waits for those that write, in milliseconds: less than PostgreSQL waits before it looks for deadlocks. */
const attemptMs = 300;
/** Between two attempts those that waited behind us work, milliseconds. */
const betweenMs = 100;

/**
 * Holds every write to a database: statements that would change rows wait, those that read go on. It lasts as long as the transaction of this
 * session, which must be the owner's; a process that dies ends it. Tries for `boundMs`; throws `conflict` when somebody writes for longer.
 */
export async function pauseWrites(client: Client, boundMs: number): Promise<void> {
  const until = performance.now() + boundMs;
  for (;;) {
    await client.query(`begin; set local lock_timeout = ${attemptMs}`);
    try {
      const before = await readContents(client);
      if (before.roots.length > 0)
        await client.query(`lock table ${before.roots.join(", ")} in exclusive mode`);
      // A table that came meanwhile is not held.
      const after = await readContents(client);
      if (after.roots.every((root) => before.roots.includes(root))) return;
    } catch (error) {
      if (sqlState(error) !== "55P03" && sqlState(error) !== "40P01") throw error;
    }
    await client.query("rollback");
    if (performance.now() > until) {
      throw new KerfError("conflict", {
        message: `The writes could not be held within ${boundMs / 1_000} s.`,
        why: "A transaction that writes has been open for longer.",
        fix: "See which: select pid, xact_start, query from pg_stat_activity order by xact_start. Move it when that has ended.",
      });
    }
    await wait(betweenMs);
  }
}
