import type { QueryResult } from "pg";
import { remaining } from "@kerf/kernel";
import { databaseDeadline, endsConnection, translate } from "./database-errors.ts";
import type { ConnectionPool } from "./pool.ts";
import type { Statement } from "./session.ts";

/** How long the answer of the statement's end is waited for beyond the deadline, milliseconds. */
const graceMs = 250;

/**
 * Runs one statement that is a transaction by itself: one round trip, committed when it is answered. Errors before it was sent
 * mean that nothing was done; a connection lost afterwards means `unknown`, since the statement is its own COMMIT.
 *
 * The server is told no bound, because that would be a statement more: who writes takes care that it waits for nobody.
 */
export async function writeOnce(
  pool: ConnectionPool,
  deadline: number,
  statement: Statement,
): Promise<QueryResult> {
  const connection = await pool.acquire(deadline);
  let expired = false;
  const watch = pool.clock.after(remaining(pool.clock, deadline) + graceMs, () => {
    expired = true;
    connection.destroy();
  });
  try {
    const result = await connection.client.query({
      ...statement,
      queryMode: "extended",
    } as Statement);
    connection.release();
    return result;
  } catch (error) {
    if (endsConnection(error)) connection.destroy();
    else connection.release();
    throw expired ? databaseDeadline("commit", error) : translate(error, "commit");
  } finally {
    watch.cancel();
  }
}
