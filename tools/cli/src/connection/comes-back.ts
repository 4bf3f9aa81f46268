import { KerfError } from "@kerf/kernel";
import { connect, type Connection } from "./connect.ts";

/** A platform that went away comes back within seconds; after this many tries in a row it has not. */
export const reconnects = 30;
/** Milliseconds between two of them. */
export const reconnectMs = 1_000;

/** Whether what goes on until Ctrl-C goes on after this error: the platform is away, or a stream had its time. */
export function comesBack(thrown: unknown): boolean {
  return (
    thrown instanceof KerfError &&
    ["unavailable", "connection_lost", "deadline_exceeded", "not_here"].includes(thrown.code)
  );
}

/** A connection to where the platform is now: one that was started again may answer at another port. */
export function again(connection: Connection): Promise<Connection> {
  return connect({ home: connection.home }).catch(() => connection);
}
