import type { CallContext, Clock, Principal } from "@kerf/kernel";
import type {
  Client,
  Contract,
  ErrorConstructors,
  ErrorDeclarations,
  InputOf,
  Operation,
  OutputOf,
  Schema,
} from "@kerf/contract";
import type { AnyAttributes, Logger } from "@kerf/telemetry";
import type { CommandTransaction, Kysely, RedisPlace } from "@kerf/data";
import type { StartSaga } from "@kerf/saga";
import type { TokenIssuer } from "../issuer.ts";
import type { Emit } from "./subscription.ts";
import type { Compose } from "./compose.ts";
import type { NoSettings, Settings } from "./settings.ts";
import type { ClientsOf, Uses } from "./uses.ts";

/** The driver's client on the same transaction or reads as `db`: `raw.query(…)`, or `drizzle(raw)`. */
export type RawClient = CommandTransaction["raw"];

/** What the work of a span is given: calls that it makes and lines that it writes by these belong to the span. */
export interface SpanPart<U extends Uses> {
  readonly clients: ClientsOf<U>;
  readonly log: Logger;
  /** A span below this one. */
  readonly span: InSpan<U>;
}

/** Does work as a span of its own in the call's trace, and answers what the work answers. */
export type InSpan<U extends Uses> = <T>(
  name: string,
  attributes: AnyAttributes,
  work: (part: SpanPart<U>) => Promise<T> | T,
) => Promise<T>;

/** What handlers and workers alike are given, bound to the call at hand. */
export interface Surroundings<U extends Uses, S extends Settings = NoSettings> {
  /** Clients of what the service declares as `uses`; their calls share this call's deadline, trace and principal. */
  readonly clients: ClientsOf<U>;
  readonly log: Logger;
  /**
   * Does a part of the work as a span of its own: `await span("score", { rules: 12 }, async ({ clients }) => …)`. Where the trace is not recorded it
   * costs nothing but the call. Names are few: what differs from call to call is an attribute.
   */
  readonly span: InSpan<U>;
  readonly clock: Clock;
  /** Aborts when the caller leaves, the deadline passes, or the service stops. */
  readonly signal: AbortSignal;
  /** Signs users' tokens; only in the service that declares `issuer: true`. */
  readonly issuer: TokenIssuer;
  /** What the operator has set, through the schema that the service declares; the same until the instance ends. */
  readonly config: S["config"];
  /** Secrets by name; the object itself shows as `[secret]`. */
  readonly secrets: S["secrets"];
  /** Where the service's Redis is, and as whom, as clients take it: `createClient(redis)`. Only in a service that declares `redis: true`. */
  readonly redis: RedisPlace;
}

/** What a handler is given. */
export interface HandlerArgs<
  Op,
  U extends Uses,
  Tables,
  C extends Contract<any, any, any> = Contract<any, any, any>,
  S extends Settings = NoSettings,
> extends Surroundings<U, S> {
  readonly input: Op extends Operation<any, infer I extends Schema, any, any, any>
    ? OutputOf<I>
    : never;
  /**
   * The service's database. In a command: its one transaction, opened at the first statement, committed when the handler
   * returns, rolled back when it throws. In queries and streams: read-only statements.
   */
  readonly db: Kysely<Tables>;
  /** Emits events of the service's contract; in a command only, and they leave only if it commits. */
  readonly emit: Op extends Operation<infer K, any, any, any, any>
    ? K extends "command"
      ? Emit<C>
      : never
    : never;
  /** Starts a saga of the service; in a command only, and it runs only if that commits. Answers its id. */
  readonly start: Op extends Operation<infer K, any, any, any, any>
    ? K extends "command"
      ? StartSaga
      : never
    : never;
  /**
   * Sagas of the service; in a command only. `cancel` asks for the end of one, if the command commits: what it did is undone. It
   * throws `not_found`, and `conflict` when it is beyond its pivot or at its end.
   */
  readonly sagas: Op extends Operation<infer K, any, any, any, any>
    ? K extends "command"
      ? { cancel(id: string, note?: string): Promise<void> }
      : never
    : never;
  /**
   * Gets the parts of an answer at once, each within its own time; those that cannot be had are replaced and named. In queries
   * and streams only: what a command changes is whole or not at all.
   */
  readonly compose: Op extends Operation<infer K, any, any, any, any>
    ? K extends "command"
      ? never
      : Compose<U>
    : never;
  /** The connection under `db`, for Drizzle or plain SQL in the same transaction. */
  readonly raw: RawClient;
  /** Throw one of these to answer with a declared error: `throw errors.notFound({ id })`. */
  readonly errors: Op extends Operation<any, any, any, infer E extends ErrorDeclarations, any>
    ? ErrorConstructors<E>
    : never;
  /** Who the call is for; always there where the operation's access is `user`. */
  readonly principal: Op extends Operation<any, any, any, any, infer A>
    ? "user" extends A
      ? Principal
      : Principal | undefined
    : never;
  /** Of a stream: the cursor to resume after. */
  readonly after: string | undefined;
  readonly context: CallContext;
}

/** The function behind one operation. */
export type Handler<
  Op,
  U extends Uses,
  Tables,
  C extends Contract<any, any, any> = Contract<any, any, any>,
  S extends Settings = NoSettings,
> =
  Op extends Operation<infer K, any, infer O extends Schema, any, any>
    ? K extends "stream"
      ? (args: HandlerArgs<Op, U, Tables, C, S>) => AsyncIterable<InputOf<O>>
      : (args: HandlerArgs<Op, U, Tables, C, S>) => Promise<InputOf<O>> | InputOf<O>
    : never;

/** One handler for each operation of the contract. */
export type Handlers<
  C extends Contract<any, any, any>,
  U extends Uses,
  Tables,
  S extends Settings = NoSettings,
> = {
  readonly [Name in keyof C["operations"]]: Handler<C["operations"][Name], U, Tables, C, S>;
};

/** What a worker is given at each run. */
export interface WorkerArgs<
  C extends Contract<any, any, any>,
  U extends Uses,
  Tables,
  S extends Settings = NoSettings,
> extends Surroundings<U, S> {
  /** The service's own operations, so that every change is a command with its own transaction. */
  readonly self: Client<C>;
  /** Read-only statements on the service's database. */
  readonly db: Kysely<Tables>;
  readonly raw: RawClient;
}

/** Work that a service does by itself, bound to its lifecycle. */
export interface Worker<
  C extends Contract<any, any, any>,
  U extends Uses,
  Tables,
  S extends Settings = NoSettings,
> {
  /** Milliseconds between the end of one run and the start of the next; the first starts at once. */
  readonly everyMs: number;
  /** Bound of one run, milliseconds. Default 15 000. */
  readonly deadlineMs?: number;
  /** Answers `true` when there is more to do: then the next run follows at once. */
  run(args: WorkerArgs<C, U, Tables, S>): Promise<boolean | void>;
}
