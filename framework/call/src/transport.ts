import { type CallContext, type KerfError, toKerfError, type Trace } from "@kerf/kernel";

/** Who waits for the answer of a call: one of the two is called, once. */
export interface Reply {
  answered(value: unknown): void;
  refused(error: KerfError): void;
}

/** One call on its way to one instance. */
export interface Request {
  readonly service: string;
  readonly operation: string;
  /** A JSON value, or RawJson; the callee runs it through the schema. */
  readonly input: unknown;
  /** Deadline, cancellation, trace, caller, principal, key: all of it travels. */
  readonly context: CallContext;
  /** Of a stream: resume after this cursor. */
  readonly after?: string | undefined;
  /** Of a query or command: the answer may come as RawJson, as its caller only passes it on. */
  readonly raw?: boolean | undefined;
  /** The span of this attempt, once it is not the context's. */
  readonly trace?: Trace | undefined;
}

/**
 * The port of the call path: a way to one instance. Every adapter runs the conformance suite in
 * `@kerf/testing`; a call through any of them means the same.
 */
export interface Transport {
  /** Sends a query or a command. Rejects with KerfError only. */
  call(request: Request): Promise<unknown>;
  /** {@link call} without a promise of its own, for the hot path. `reply` is told once, perhaps before this returns; never throws. */
  send?(request: Request, reply: Reply): void;
  /** Opens a stream: pulls one item at a time, `return()` cancels it at the callee. */
  stream(request: Request): AsyncIterableIterator<unknown>;
  /** Asks the other side for a sign of life, without a call; connects when it has to. Rejects with KerfError, in bounded time. */
  probe(): Promise<void>;
  /** How many calls and streams are under way. */
  readonly inFlight: number;
  /** False once the other side is gone, is draining, or `close` was called. */
  readonly usable: boolean;
  /** Called once when it stops being usable. */
  onUnusable(listener: (reason: KerfError) => void): void;
  /** Ends it; calls under way reject with `connection_lost`. */
  close(): void;
}

/** Sends a query or a command the shortest way that a transport has. */
export function sendOver(transport: Transport, request: Request, reply: Reply): void {
  if (transport.send !== undefined) {
    transport.send(request, reply);
    return;
  }
  transport.call(request).then(
    (value) => reply.answered(value),
    (thrown: unknown) => reply.refused(toKerfError(thrown)),
  );
}

/** What arrives at the callee's side, whatever brought it. */
export interface Incoming {
  readonly service: string;
  readonly operation: string;
  /** A JSON value, or RawJson that is not checked yet. */
  readonly input: unknown;
  readonly context: CallContext;
  readonly after?: string | undefined;
  /** The unit that whoever sent it has proven to be; undefined where the socket's rights are the proof, or in one process. */
  readonly unit?: string | undefined;
  /** The span that it came from, when it is not the context's. */
  readonly trace?: Trace | undefined;
}

/** The callee's side of the port: the inbound half of the pipeline. */
export interface Dispatcher {
  call(incoming: Incoming): Promise<unknown>;
  /** {@link call} without a promise of its own, for the hot path. `reply` is told once, perhaps before this returns. Throws what nobody here answers. */
  receive?(incoming: Incoming, reply: Reply): void;
  stream(incoming: Incoming): AsyncIterable<unknown>;
}
