import type { QueryResult } from "pg";
import { remaining } from "@kerf/kernel";
import { databaseDeadline, endsConnection, translate } from "./database-errors.ts";
import type { ConnectionPool } from "./pool.ts";
import type { Statement } from "./session.ts";

/** How much later than the server we give up on it, in milliseconds. */
const graceMs = 250;

/**
 * One statement as a transaction of its own: BEGIN with its bound, the statement and COMMIT leave together. When the connection is
 * lost, a writing one may have been committed, and its error says so.
 */
export async function oneRoundTrip(
  pool: ConnectionPool,
  deadline: number,
  mode: "read only" | "read write",
  statement: Statement,
): Promise<QueryResult> {
  const { clock } = pool;
  const connection = await pool.acquire(deadline);
  const { client } = connection;
  const left = Math.max(1, Math.ceil(remaining(clock, deadline)));
  let expired = false;
  const watch = clock.after(left + graceMs, () => {
    expired = true;
    connection.destroy();
  });
  const begun = client.query(`begin ${mode}; set local statement_timeout = ${left}`);
  const answered = client.query({ ...statement, queryMode: "extended" } as Statement);
  const ended = client.query("commit");
  const [begin, answer, end] = await Promise.allSettled([begun, answered, ended]);
  watch.cancel();
  const failed = [begin, answer, end].find((part) => part.status === "rejected");
  if (failed === undefined) {
    connection.release();
    return (answer as PromiseFulfilledResult<QueryResult>).value;
  }
  if (endsConnection(failed.reason) || end.status === "rejected") connection.destroy();
  else connection.release();
  // What the server answered with an error has changed nothing; what it did not answer may have.
  const phase = mode === "read write" && endsConnection(failed.reason) ? "commit" : "before-commit";
  throw expired ? databaseDeadline(phase, failed.reason) : translate(failed.reason, phase);
}
