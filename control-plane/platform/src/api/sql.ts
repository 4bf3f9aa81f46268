import type { SqlResult } from "@kerf/control-api";
import type { ConnectionConfig } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { QueryArrayResult } from "pg";

/** Most rows that are given back. */
const mostRows = 1_000;
/** Most notices that are given back. */
const mostNotices = 100;
/** How long the statements may take, in milliseconds. */
const boundMs = 30_000;
/** Every value as PostgreSQL prints it: nothing is lost, whatever its type. */
const asText = {
  getTypeParser:
    () =>
    (text: string): string =>
      text,
};

/** Runs statements on a connection of their own. What PostgreSQL refuses comes back as `invalid_input`, in its words. */
export async function runSql(connection: ConnectionConfig, statement: string): Promise<SqlResult> {
  // Loaded when first used: a platform that nobody asks for SQL does not pay for it.
  const { Client } = (await import("pg")).default;
  const client = new Client({
    host: connection.host,
    port: connection.port,
    database: connection.database,
    user: connection.user,
    password: connection.password,
    ssl: connection.tls === undefined ? false : { ...connection.tls },
    application_name: "kerf/shell",
    connectionTimeoutMillis: 5_000,
    statement_timeout: boundMs,
    types: asText,
  });
  const notices: string[] = [];
  client.on("notice", (notice) => {
    if (notices.length < mostNotices) notices.push(notice.message ?? "");
  });
  // A connection that dies between two statements says so here; the statement fails with it.
  client.on("error", () => {});
  try {
    await client.connect();
    // Without parameters it is sent as it is: several statements, one implicit transaction.
    const answer: unknown = await client.query({ text: statement, rowMode: "array" });
    const last = (Array.isArray(answer) ? answer.at(-1) : answer) as QueryArrayResult<
      (string | null)[]
    >;
    return {
      columns: last.fields.map((field) => field.name),
      rows: last.rows.slice(0, mostRows),
      rowCount: last.rowCount,
      command: last.command ?? "",
      truncated: last.rows.length > mostRows,
      notices,
    };
  } catch (cause) {
    throw refused(
      cause as Error & { code?: string; position?: string; hint?: string; detail?: string },
    );
  } finally {
    await client.end().catch(() => {});
  }
}

function refused(
  cause: Error & { code?: string; position?: string; hint?: string; detail?: string },
): KerfError {
  if (cause.code === undefined || !/^[0-9A-Z]{5}$/.test(cause.code)) {
    return new KerfError("unavailable", {
      message: "The database does not answer.",
      why: cause.message,
      fix: "See whether its PostgreSQL runs: kerf status",
      cause,
    });
  }
  return new KerfError(cause.code === "42501" ? "forbidden" : "invalid_input", {
    message: `PostgreSQL refused: ${cause.message}`,
    why: cause.detail,
    fix:
      cause.hint ??
      (cause.code === "42501"
        ? "The app role works with data only; DDL is the owner's: kerf db shell SERVICE --owner"
        : undefined),
    data: {
      sqlState: cause.code,
      ...(cause.position === undefined ? undefined : { position: Number(cause.position) }),
    },
    cause,
  });
}
