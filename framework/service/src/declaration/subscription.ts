import type { Clock, Trace } from "@kerf/kernel";
import type { Contract, EventDeclaration, InputOf, OutputOf, Schema } from "@kerf/contract";
import type { Kysely, RedisPlace } from "@kerf/data";
import type { From } from "@kerf/events";
import type { Logger } from "@kerf/telemetry";
import type { RawClient } from "./handlers.ts";
import type { NoSettings, Settings } from "./settings.ts";
import type { ClientsOf, Uses } from "./uses.ts";

/** One function for each event of a contract: it leaves only if the command's transaction commits. */
export type Emit<C extends Contract<any, any, any>> = {
  readonly [Name in keyof C["events"]]: C["events"][Name] extends EventDeclaration<infer S>
    ? (payload: InputOf<S>) => void
    : never;
};

/** An event as a consumer gets it. */
export interface ReceivedEvent<S extends Schema> {
  /** Of its log; grows with every event of the same key. */
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly payload: OutputOf<S>;
  /** When it was committed, ISO 8601. */
  readonly at: string;
}

/** What the handler of an event is given. */
export interface EventArgs<
  S extends Schema,
  C extends Contract<any, any, any>,
  Tables,
  G extends Settings = NoSettings,
> {
  readonly event: ReceivedEvent<S>;
  /** The consumer's transaction: what it changes commits together with the mark that the event was applied. */
  readonly db: Kysely<Tables>;
  /** The connection under `db`. */
  readonly raw: RawClient;
  /** Emits the consumer's own events in the same transaction. */
  readonly emit: Emit<C>;
  /** Where the event stands in the trace of the command that it goes back to. */
  readonly trace: Trace;
  readonly log: Logger;
  readonly clock: Clock;
  /** As handlers get it. */
  readonly config: G["config"];
  readonly secrets: G["secrets"];
  readonly redis: RedisPlace;
}

/** Handlers of a producer's events; those without one pass by. */
export type EventHandlers<
  P extends Contract<any, any, any>,
  C extends Contract<any, any, any>,
  Tables,
  G extends Settings = NoSettings,
> = {
  readonly [Name in keyof P["events"]]?: P["events"][Name] extends EventDeclaration<infer S>
    ? (args: EventArgs<S, C, Tables, G>) => Promise<void> | void
    : never;
};

/** What may be said of a subscription. */
export interface SubscriptionOptions {
  /** Where it begins when it is new: with the oldest event that the producer still has, or with the next. Default: `beginning`. */
  readonly from?: From;
}

/** What fills the tables of a read model is given. */
export interface SeedArgs<U extends Uses, Tables, G extends Settings = NoSettings> {
  /** Clients of what the service declares as `uses`. */
  readonly clients: ClientsOf<U>;
  /** Runs its function in a transaction on the new tables: a page each time. */
  readonly write: <T>(
    work: (args: { readonly db: Kysely<Tables>; readonly raw: RawClient }) => Promise<T>,
  ) => Promise<T>;
  readonly log: Logger;
  /** Aborts when the service stops. */
  readonly signal: AbortSignal;
  /** As handlers get it. */
  readonly config: G["config"];
  readonly secrets: G["secrets"];
  readonly redis: RedisPlace;
}

/** Tables that follow the events of another service and can be built anew from it. */
export interface ReadModelDeclaration<
  P extends Contract<any, any, any>,
  C extends Contract<any, any, any>,
  U extends Uses,
  Tables,
  G extends Settings = NoSettings,
> {
  /** The tables, those that others refer to first; nothing else writes to them. */
  readonly tables: readonly (keyof Tables & string)[];
  /**
   * Fills the tables with what the producer has now. What changes from its beginning on comes again as events, so the handlers write what
   * the event says, whatever the tables hold. Without it the tables start empty, with the oldest event that the producer still has.
   */
  readonly seed?: (args: SeedArgs<U, Tables, G>) => Promise<void>;
  readonly on: EventHandlers<P, C, Tables, G>;
}

/** What a service does with the events of another. */
export interface Subscription {
  readonly producer: Contract<any, any, any>;
  readonly handlers: Readonly<Record<string, ((args: never) => Promise<void> | void) | undefined>>;
  readonly from: From;
  readonly model?: {
    readonly tables: readonly string[];
    readonly seed: ((args: never) => Promise<void>) | undefined;
  };
}
