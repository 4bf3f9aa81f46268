import type { ErrorDeclarations } from "./declared-error.ts";
import type { HttpRouteOptions } from "./http-route.ts";
import type { Objective } from "./objective.ts";
import type { Schema } from "./schema.ts";

/** The three kinds of operation. */
export type OperationKind = "query" | "command" | "stream";

/**
 * Who may call: `public` anyone; `user` only on behalf of a principal; `service` other services only, never the gateway.
 * Enforced at every distance. Default `user`: an operation that nobody thought about is not open.
 */
export type Access = "public" | "user" | "service";

/**
 * What happens to a call of an instance that has more to do than it can: `sheddable` ones are refused first, `critical` ones
 * last. Default `normal`.
 */
export type Criticality = "critical" | "normal" | "sheddable";

/** How answers of a query are kept by those who call it. */
export interface QueryCache {
  /** How long an answer is good for, milliseconds. */
  ttlMs: number;
  /**
   * `principal`: kept for the user that it was given to. `everyone`: the answer does not depend on who asks.
   */
  for: "everyone" | "principal";
}

/** What callers may do with a query, since it changes nothing. */
export interface QueryPolicies {
  /** After the time that nearly all answers take (the measured 95th percentile) it is sent to a second instance as well; the first answer counts. Paid from the retry budget. Default false. */
  hedge?: boolean;
  /** Equal calls of one program at the same time, for the same user, are one call. Default: when there is a cache. */
  coalesce?: boolean;
  /** Callers keep its answers for a while. Default: they do not. */
  cache?: QueryCache;
}

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
  /** Default `normal`. */
  criticality?: Criticality;
  /** How often a call is sent in all, the first time included. Default 3. */
  attempts?: number;
  /** What is promised of it, and somebody is told when it is missed: `{ available: 0.999, within: { ms: 300, share: 0.99 } }`; `false`: nothing. Default: 0.999 of its calls are answered. */
  objective?: Objective | false;
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
  readonly criticality: Criticality;
  readonly attempts: number | undefined;
  /** `false`: nothing is promised; undefined: what holds for all. */
  readonly objective: Objective | false | undefined;
  /** Of a query. */
  readonly policies: QueryPolicies;
  readonly summary: string | undefined;
  /** Of a stream: the item field that a client resumes from. */
  readonly cursor: string | undefined;
}

type NoErrors = Record<never, never>;

function operation<K extends OperationKind>(
  kind: K,
  options: OperationOptions & QueryPolicies & { cursor?: string },
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
    criticality: options.criticality ?? "normal",
    attempts: options.attempts,
    objective: options.objective,
    policies: {
      ...(options.hedge === undefined ? undefined : { hedge: options.hedge }),
      ...(options.coalesce === undefined ? undefined : { coalesce: options.coalesce }),
      ...(options.cache === undefined ? undefined : { cache: options.cache }),
    },
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
>(options: OperationOptions<I, O, E, A> & QueryPolicies): Operation<"query", I, O, E, A> {
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
