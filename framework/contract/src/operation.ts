import type { ErrorDeclarations } from "./declared-error.ts";
import type { HttpRouteOptions } from "./http-route.ts";
import type { Schema } from "./schema.ts";

/** The three kinds of operation. */
export type OperationKind = "query" | "command" | "stream";

/**
 * Who may call: `public` anyone; `user` only on behalf of a principal; `service` other services only, never the gateway.
 * Enforced at every distance. Default `user`: an operation that nobody thought about is not open.
 */
export type Access = "public" | "user" | "service";

/** What every operation may say. */
export interface OperationOptions<
  I extends Schema = Schema,
  O extends Schema = Schema,
  E extends ErrorDeclarations = ErrorDeclarations,
  A extends Access = Access,
> {
  /** What callers send. The callee runs it, so its transforms reach the handler only. */
  input: I;
  /** What the handler returns; for a stream, each item. Run by the callee; what comes out must be JSON. */
  output: O;
  /** Answers beside the output. */
  errors?: E;
  /** Route at the gateways that expose this contract. */
  http?: HttpRouteOptions;
  access?: A;
  /** Deadline of a call that sets none, milliseconds. Default 15 000. */
  deadlineMs?: number;
  /** Largest request body at the edge, bytes. Default 1 MiB. */
  maxBodyBytes?: number;
  /** One sentence for the catalogue and for OpenAPI. */
  summary?: string;
}

/** An operation of a contract: data only. */
export interface Operation<
  K extends OperationKind = OperationKind,
  I extends Schema = Schema,
  O extends Schema = Schema,
  E extends ErrorDeclarations = ErrorDeclarations,
  A extends Access = Access,
> {
  readonly kind: K;
  readonly input: I;
  readonly output: O;
  readonly errors: E;
  readonly access: A;
  readonly http: HttpRouteOptions | undefined;
  readonly deadlineMs: number | undefined;
  readonly maxBodyBytes: number | undefined;
  readonly summary: string | undefined;
  /** Of a stream: the item field that a client resumes from. */
  readonly cursor: string | undefined;
}

type NoErrors = Record<never, never>;

function operation<K extends OperationKind>(
  kind: K,
  options: OperationOptions & { cursor?: string },
): Operation<K, any, any, any, any> {
  return {
    kind,
    input: options.input,
    output: options.output,
    errors: options.errors ?? {},
    access: options.access ?? "user",
    http: options.http,
    deadlineMs: options.deadlineMs,
    maxBodyBytes: options.maxBodyBytes,
    summary: options.summary,
    cursor: options.cursor,
  };
}

/** Declares an operation that reads one service; it may be retried, hedged, cached, shed. */
export function query<
  const I extends Schema,
  const O extends Schema,
  const E extends ErrorDeclarations = NoErrors,
  const A extends Access = "user",
>(options: OperationOptions<I, O, E, A>): Operation<"query", I, O, E, A> {
  return operation("query", options);
}

/** Declares an operation that changes one service in one local transaction. */
export function command<
  const I extends Schema,
  const O extends Schema,
  const E extends ErrorDeclarations = NoErrors,
  const A extends Access = "user",
>(options: OperationOptions<I, O, E, A>): Operation<"command", I, O, E, A> {
  return operation("command", options);
}

/** Declares a query that goes on answering, item by item, with back-pressure. */
export function stream<
  const I extends Schema,
  const O extends Schema,
  const E extends ErrorDeclarations = NoErrors,
  const A extends Access = "user",
>(
  options: OperationOptions<I, O, E, A> & {
    /** The item field (string or number) that a client resumes after; at the edge it is the event's `id`. */
    cursor?: string;
  },
): Operation<"stream", I, O, E, A> {
  return operation("stream", options);
}
