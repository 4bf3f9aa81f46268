import { KerfError } from "@kerf/kernel";
import { sqlState, unavailable } from "./database-errors.ts";

/** Somebody has done the command under its key: what they answered is the answer. */
export function alreadyDone(): KerfError {
  return new KerfError("already_done", {
    message: "This command was done before; its first answer is given again.",
  });
}

/** Somebody is at work under the same key. */
export function keyInFlight(): KerfError {
  return new KerfError("key_in_flight", {
    message: "A request with the same idempotency key is being worked on.",
    why: "A command has one effect for each key, so this one waits for what becomes of the other.",
    fix: "Send it again a little later, with the same key.",
  });
}

/** Nothing of it was committed: PostgreSQL refuses whatever follows `failure`, unless that was the loss of the connection. */
export function aborted(failure: unknown): unknown {
  if (failure !== undefined && sqlState(failure) === undefined)
    return unavailable("not-executed", failure);
  return new KerfError("transaction_aborted", {
    message: "The transaction was rolled back, because one of its statements had failed before.",
    why: failure instanceof Error ? failure.message : undefined,
    fix: "Let the error leave the handler, or run the statement that may fail in a savepoint (db.transaction()) or with ON CONFLICT.",
    cause: failure,
  });
}

/** A savepoint was left that nobody had begun. */
export function endedByHandler(): KerfError {
  return new KerfError("transaction_control", {
    message: "The handler tried to end the command's transaction itself.",
    why: "A command is one transaction: it is committed when the handler returns, with its events and its record.",
    fix: "Return to commit, throw to roll back.",
  });
}

/** It was used when it was over. */
export function usedAfterwards(settled: "committed" | "rolled back"): KerfError {
  return new KerfError("transaction_settled", {
    message: `The database was used after the command's transaction had been ${settled}.`,
    why: "Something went on after the handler had returned; most often a promise that was not awaited.",
    fix: "Await everything that uses the database before the handler returns.",
  });
}
