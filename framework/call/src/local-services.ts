import type { Dispatcher, Incoming, Reply } from "./transport.ts";

/** One operation as callers in the same process reach it: the inbound half of the pipeline without a promise of its own. */
export interface LocalOperation {
  /** Whether it is a command that is recorded with its effect. */
  readonly recorded: boolean;
  /** Runs a query or a command. */
  serve(incoming: Incoming, reply: Reply): void;
  /** Opens a stream at the first `next()`. */
  open(incoming: Incoming): AsyncIterableIterator<unknown>;
}

/** The services of this process, as its own callers reach them. */
export interface LocalServices extends Dispatcher {
  has(service: string): boolean;
  /** The operation, looked up once when a client is bound. Throws `unknown_operation`. */
  find(service: string, operation: string): LocalOperation;
}
