import { KerfError, type RetryMeaning } from "@kerf/kernel";

/** Where a transaction stood when something failed: until COMMIT is sent nothing can have taken effect. */
export type Phase = "before-commit" | "commit";

/** The SQLSTATE of an error of PostgreSQL; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && "severity" in (error as object)
    ? code
    : undefined;
}

/** The database cannot be reached, or went away; `retry` says whether anything can have taken effect. */
export function unavailable(retry: RetryMeaning, cause: unknown): KerfError {
  return new KerfError("unavailable", {
    message: "The service's database is not available.",
    why:
      retry === "not-executed"
        ? "It could not be reached, or the connection ended before anything was committed."
        : "The connection ended while the transaction was being committed: it may have taken effect.",
    fix: "See whether its PostgreSQL runs: kerf status",
    retry,
    cause,
  });
}

/** The deadline passed inside the database. */
export function databaseDeadline(phase: Phase, cause: unknown): KerfError {
  return new KerfError("deadline_exceeded", {
    message:
      phase === "commit"
        ? "The deadline passed while the transaction was being committed."
        : "The deadline passed in the database; the transaction was rolled back.",
    fix: "Look at the trace for the slow statement or the lock that it waited for, or give the operation a longer deadline.",
    retry: phase === "commit" ? "unknown" : "not-executed",
    cause,
  });
}

/** Whether the connection is of no use any more after this error. */
export function endsConnection(error: unknown): boolean {
  const state = sqlState(error);
  if (state === undefined) return true;
  return (
    (error as { severity?: unknown }).severity === "FATAL" ||
    (error as { severity?: unknown }).severity === "PANIC" ||
    state.startsWith("08")
  );
}

const outOfService = new Set(["57P01", "57P02", "57P03", "57P04", "57P05", "53300", "53400"]);
const timeouts = new Set(["25P03", "25P04", "57014"]);
const conflicts = new Set(["40001", "40P01", "55P03"]);

/**
 * What an error of the driver means to a caller. Errors of statements themselves (constraints, syntax, rights) come back as
 * they are: the handler knows what a violated constraint means, we do not.
 */
export function translate(error: unknown, phase: Phase): unknown {
  if (error instanceof KerfError) return error;
  const state = sqlState(error);
  if (state === undefined) {
    return error instanceof Error && isConnectionError(error)
      ? unavailable(phase === "commit" ? "unknown" : "not-executed", error)
      : error;
  }
  if (timeouts.has(state)) return databaseDeadline(phase, error);
  if (outOfService.has(state) || state.startsWith("08")) {
    return unavailable(phase === "commit" ? "unknown" : "not-executed", error);
  }
  if (conflicts.has(state)) {
    return new KerfError("conflict", {
      message: "Another transaction changed the same data; this one was rolled back.",
      why: (error as Error).message,
      fix: "Send it again. When it happens often, take locks in one order, or change fewer rows at once.",
      retry: "not-executed",
      cause: error,
    });
  }
  if (state === "25006") {
    return new KerfError("write_in_query", {
      message: "A query tried to change data, or to lock rows.",
      why: "Queries read only: they may be retried, cached and answered by several instances.",
      fix: "Declare the operation as a command.",
      cause: error,
    });
  }
  if (state === "53100") {
    return new KerfError("unavailable", {
      message: "The database server has no disk space left.",
      fix: "Free disk space on the server's machine.",
      retry: phase === "commit" ? "unknown" : "not-executed",
      cause: error,
    });
  }
  return error;
}

const systemErrors = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** The driver's own errors have no code; these are the words of its connection failures. */
function isConnectionError(error: Error): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && systemErrors.has(code)) return true;
  return /^(Connection terminated|timeout e|Client has encountered a connection error|Client was closed|The server does not support SSL|There was an error establishing an SSL)/.test(
    error.message,
  );
}
