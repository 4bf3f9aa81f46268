import type { Client, Contract, EventDeclaration, InputOf, Optional } from "@kerf/contract";
import type { Kysely, RedisPlace } from "@kerf/data";
import { type LoggedEvent, shardOf } from "@kerf/events";
import {
  type Clock,
  KerfError,
  type Principal,
  type Random,
  seededRandom,
  systemClock,
} from "@kerf/kernel";
import {
  type AnyService,
  type ReconciliationReport,
  type Service,
  type Settings,
  type Uses,
  usesOf,
} from "@kerf/service";
import type { Pool } from "pg";
import { type Fake, fake } from "./fakes/fake.ts";
import { OwnerAccess } from "./postgres/owner-access.ts";
import type { LogLine } from "./testbed/captured-log.ts";
import { Testbed } from "./testbed/testbed.ts";

/** Fakes of what a service uses, by the name under which it uses them. */
export type FakesOf<U extends Uses> = {
  readonly [Name in keyof U]?: Fake<
    U[Name] extends Optional<infer C>
      ? C
      : U[Name] extends Contract<any, any, any>
        ? U[Name]
        : never
  >;
};

/** How a service is started in a test. */
export interface StartServiceOptions<
  U extends Uses = Uses,
  K extends Clock = Clock,
  S extends Settings = any,
> {
  /**
   * Stand-ins for what the service uses. A call to a required one that is missing fails the test; an optional one that is missing is
   * unavailable, as it may be in production.
   */
  readonly uses?: FakesOf<U>;
  /** A `ManualClock` to move time by hand; default this machine's. */
  readonly clock?: K;
  /** For whom `client` calls; default nobody. */
  readonly principal?: Principal | string;
  /** What an operator would set: the service's schema checks it and adds its defaults. */
  readonly config?: { readonly [Name in keyof S["config"]]?: unknown };
  /** What is not given is taken from what the service declares for development. */
  readonly secrets?: Partial<S["secrets"]>;
  /** Where the service finds its Redis, when it declares `redis: true`. */
  readonly redis?: RedisPlace;
  /** Default: the same sequence in every run. */
  readonly random?: Random;
}

/** A service at work inside the test process. */
export interface RunningService<
  C extends Contract<any, any, any> = Contract<any, any, any>,
  Tables = any,
  K extends Clock = Clock,
> extends AsyncDisposable {
  /** Calls the service over the whole call path, on behalf of the option `principal`. */
  readonly client: Client<C>;
  /** A client on behalf of an end user: `principal("ada")`, or just the subject. */
  as(principal: Principal | string): Client<C>;
  /** The service's database, of this test alone, as its owner: to prepare and to look. Throws `invalid_app` when it has none. */
  readonly db: Kysely<Tables>;
  /** The driver's pool under `db`. */
  readonly raw: Pool;
  readonly clock: K;
  /** What the service logged, oldest first. */
  readonly log: readonly LogLine[];
  /** Gives it an event of a service that it follows, and resolves when its handler's effect is committed; throws what the handler throws. */
  receive<P extends Contract<any, any, any>, Name extends keyof P["events"] & string>(
    producer: P,
    name: Name,
    payload: P["events"][Name] extends EventDeclaration<infer S> ? InputOf<S> : never,
  ): Promise<void>;
  /** What its committed commands and event handlers emitted, oldest first. */
  emitted(): Promise<{ name: string; key: string; payload: unknown }[]>;
  /** Builds its read model that follows a producer, from the seed on, and puts it in place. Throws what the seed throws. */
  buildReadModel(producer: Contract<any, any, any>): Promise<void>;
  /** Carries out one of its comparisons with another service now, and answers the report. */
  reconcile(
    name: string,
    options?: { readonly repair?: boolean },
  ): Promise<ReconciliationReport | undefined>;
  /** Runs one of its workers once, now; workers do not run by themselves. Answers whether it has more to do, throws what it throws. */
  runWorker(name: string): Promise<boolean>;
  /** Ends it and drops its database. Rejects with what went wrong in a fake and was not told yet. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts one service inside the test process: its handlers behind the real call path in checked mode, its migrations on a database
 * of its own, fakes for what it uses.
 */
export async function startService<
  C extends Contract<any, any, any>,
  U extends Uses,
  Tables,
  K extends Clock = Clock,
  S extends Settings = any,
>(
  service: Service<C, U, Tables, S>,
  options: StartServiceOptions<U, K, S> = {},
): Promise<RunningService<C, Tables, K>> {
  const clock = options.clock ?? (systemClock as Clock as K);
  const bed = await Testbed.open({
    app: service.name,
    services: [service],
    fakes: fakesOf(service, options.uses ?? {}),
    clock,
    random: options.random ?? seededRandom(1),
    settings: {
      [service.name]: {
        config: options.config,
        secrets: options.secrets as Record<string, string>,
        redis: options.redis,
      },
    },
  });
  bed.runtime.startSagas();
  const clone = bed.clones.get(service.name);
  const access = clone && new OwnerAccess<Tables>(clone.owner);
  const stop = async (): Promise<void> => {
    await access?.close();
    await bed.close();
  };
  let stopped: Promise<void> | undefined;
  let received = 0;
  return {
    client: bed.client(service.contract, options.principal),
    as: (who) => bed.client(service.contract, who),
    get db() {
      return access?.db ?? noDatabase(service.name);
    },
    get raw() {
      return access?.raw ?? noDatabase(service.name);
    },
    clock,
    log: bed.log.lines,
    receive: (producer, name, payload) =>
      bed.runtime.receive(
        service.name,
        eventOf(producer, name, payload, (received += 1), clock),
        producer.name,
      ),
    async emitted() {
      if (access === undefined) return [];
      const { rows } = await access.raw.query<{ name: string; key: string; payload: unknown }>(
        "select name, key, payload from kerf.event order by id",
      );
      return rows;
    },
    buildReadModel: (producer) => bed.runtime.buildReadModel(service.name, producer.name),
    reconcile: (name, { repair = false } = {}) => bed.runtime.reconcile(service.name, name, repair),
    runWorker: (name) => bed.runWorker(service.name, name),
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

/** A required contract without a fake gets one that answers nothing, so that calling it says what is missing. */
function fakesOf(service: AnyService, given: Readonly<Record<string, Fake | undefined>>): Fake[] {
  return usesOf(service).flatMap(({ key, contract, optional }) => {
    const chosen = given[key];
    if (chosen !== undefined) return [chosen];
    return optional ? [] : [fake(contract)];
  });
}

/** An event as it would come out of its producer's log. */
function eventOf(
  producer: Contract<any, any, any>,
  name: string,
  payload: unknown,
  id: number,
  clock: Clock,
): LoggedEvent {
  const declared = (producer.events as Record<string, EventDeclaration>)[name];
  const key = String((payload as Record<string, unknown>)[declared?.key ?? ""]);
  return {
    id: String(id),
    shard: shardOf(key),
    name,
    key,
    version: declared?.version ?? 1,
    payload: JSON.parse(JSON.stringify(payload)) as unknown,
    trace: "",
    principal: null,
    at: new Date(clock.wall()).toISOString(),
  };
}

function noDatabase(service: string): never {
  throw new KerfError("invalid_app", {
    message: `The service ${service} has no database.`,
    fix: "Declare it: service(contract, { database: postgres({ … }) }).",
  });
}
