import type { Contract, OutputOf, Schema } from "@kerf/contract";
import type { PostgresDeclaration } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import {
  type Keyed,
  type SagaDefinition,
  scheduleDefinition,
  type ScheduleTimes,
  type Waits,
} from "@kerf/saga";
import type { Handlers, Worker } from "./handlers.ts";
import type { Reconciliation } from "./reconciliation.ts";
import type { StepsOf } from "./saga.ts";
import type { AskReconciliation, DeclaredSchedule, ScheduleArgs } from "./schedule.ts";
import type {
  EventHandlers,
  ReadModelDeclaration,
  Subscription,
  SubscriptionOptions,
} from "./subscription.ts";
import {
  type NoSettings,
  type SecretDeclarations,
  secretsOf,
  type Settings,
  type SettingsOf,
} from "./settings.ts";
import type { Uses } from "./uses.ts";

/** What a service says of itself beside its contract. */
export interface ServiceOptions<
  U extends Uses = Uses,
  Tables = unknown,
  G extends Schema = Schema,
  D extends SecretDeclarations = SecretDeclarations,
> {
  /** The team that answers for it. */
  owner: string;
  /** Its own database; none for a service that keeps no data. */
  database?: PostgresDeclaration<Tables>;
  /** It keeps something in Redis, under keys of its own; handlers are told where, as `redis`. */
  redis?: boolean;
  /** The contracts that it calls; nothing else can be called. */
  uses?: U;
  /**
   * What operators may set, as the schema of an object: `z.object({ feePercent: z.number().default(2) })`. Handlers get it as `config`. What has no
   * default must be set before the service starts.
   */
  config?: G;
  /** Names of the secrets that it needs: `["stripeKey"]`; handlers read `secrets.stripeKey`. */
  secrets?: D;
  /** This service signs the users' tokens that gateways accept. One service of an app at most. */
  issuer?: boolean;
  /** Where people find what to do at three in the morning. */
  runbook?: string;
}

/** One capability: it implements a contract, owns its data and names what it uses. */
export class Service<
  C extends Contract<any, any, any> = Contract<any, any, any>,
  U extends Uses = Uses,
  Tables = any,
  S extends Settings = any,
> {
  readonly type = "service";
  readonly contract: C;
  readonly owner: string;
  readonly database: PostgresDeclaration<Tables> | undefined;
  /** Whether it keeps something in Redis. */
  readonly redis: boolean;
  readonly uses: U;
  readonly config: Schema | undefined;
  readonly secrets: SecretDeclarations;
  readonly issuer: boolean;
  readonly runbook: string | undefined;
  #handlers: Handlers<C, U, Tables, S> | undefined;
  readonly #workers = new Map<string, Worker<C, U, Tables, S>>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #schedules = new Map<string, DeclaredSchedule>();
  readonly #reconciliations = new Map<string, Reconciliation<any, any, any>>();
  readonly #sagas = new Map<string, SagaDefinition<any, any>>();

  constructor(contract: C, options: ServiceOptions<U, Tables, any, any>) {
    this.contract = contract;
    this.owner = options.owner;
    this.database = options.database;
    this.redis = options.redis ?? false;
    this.uses = options.uses ?? ({} as U);
    this.config = options.config;
    this.secrets = options.secrets ?? [];
    this.issuer = options.issuer ?? false;
    this.runbook = options.runbook;
  }

  get name(): string {
    return this.contract.name;
  }

  /** Whether operators may set anything of it. */
  get hasSettings(): boolean {
    return this.config !== undefined || secretsOf(this.secrets).size > 0;
  }

  /** Whether the answer of a command is recorded with its effect, under its key. */
  get recordsCommands(): boolean {
    return this.database !== undefined;
  }

  /** The functions behind the contract's operations; given once. */
  get handlers(): Handlers<C, U, Tables, S> {
    if (this.#handlers === undefined) {
      throw new KerfError("invalid_app", {
        message: `The service ${this.name} has no handlers.`,
        fix: "Call implement({ … }) on it before it is exported.",
      });
    }
    return this.#handlers;
  }

  get workers(): ReadonlyMap<string, Worker<C, U, Tables, S>> {
    return this.#workers;
  }

  /** What it does with the events of others, by the producer's name; nothing with those that only its sagas wait for. */
  get subscriptions(): ReadonlyMap<string, Subscription> {
    const all = new Map(this.#subscriptions);
    // What sagas wait for is followed, whether or not anything else is done with it.
    for (const { waits = [] } of this.#sagas.values()) {
      for (const { producer } of waits) {
        if (!all.has(producer.name))
          all.set(producer.name, { producer, handlers: {}, from: "now" });
      }
    }
    return all;
  }

  /** Its sagas in all of their versions. */
  get sagas(): readonly SagaDefinition<any, any>[] {
    return [...this.#sagas.values()];
  }

  /** Gives the functions behind the contract's operations. Missing and unknown ones are reported at once. */
  implement(handlers: Handlers<C, U, Tables, S>): this {
    const declared = Object.keys(this.contract.operations);
    const given = Object.keys(handlers);
    const problems = [
      ...declared
        .filter((name) => typeof handlers[name] !== "function")
        .map((name) => `${name} has no handler`),
      ...given
        .filter((name) => !declared.includes(name))
        .map((name) => `${name} is no operation of the contract`),
    ];
    if (this.#handlers !== undefined) problems.push("implement() was called before");
    if (problems.length > 0) {
      throw new KerfError("invalid_app", {
        message: `The implementation of ${this.name} does not fit its contract: ${problems.join("; ")}.`,
        fix: "Give exactly one function for each operation of the contract.",
        data: { service: this.name, problems },
      });
    }
    this.#handlers = handlers;
    return this;
  }

  /**
   * Follows the events of another service. Each takes effect once, in the order of its key: the handler's transaction commits
   * together with the mark that the event was applied. It starts with the oldest event that the producer still has.
   */
  on<P extends Contract<any, any, any>>(
    producer: P,
    handlers: EventHandlers<P, C, Tables, S>,
    options: SubscriptionOptions = {},
  ): this {
    const { from = "beginning" } = options;
    return this.#follow({ producer, handlers: handlers as Subscription["handlers"], from });
  }

  /**
   * Keeps tables that follow the events of another service. A new one is filled first; `kerf events replay` builds it anew beside the
   * tables that serve, and puts it in their place at once.
   */
  readModel<P extends Contract<any, any, any>>(
    producer: P,
    { tables, seed, on }: ReadModelDeclaration<P, C, U, Tables, S>,
  ): this {
    return this.#follow({
      producer,
      handlers: on as Subscription["handlers"],
      from: "beginning",
      model: { tables, seed },
    });
  }

  #follow(subscription: Subscription): this {
    const { handlers, model, producer } = subscription;
    const unknown = Object.keys(handlers).filter((name) => !(name in producer.events));
    const taken = [...this.#subscriptions.values()].flatMap((other) => other.model?.tables ?? []);
    const problems = [
      ...unknown.map((name) => `${name} is no event of ${producer.name}`),
      ...(this.database === undefined
        ? ["a service without a database cannot keep how far it is"]
        : []),
      ...(this.#subscriptions.has(producer.name) ? ["it is followed already"] : []),
      ...(model?.tables.length === 0 ? ["a read model needs tables"] : []),
      ...(model?.tables ?? [])
        .filter((table) => taken.includes(table))
        .map((table) => `the table ${table} follows another service already`),
    ];
    if (problems.length > 0) {
      throw new KerfError("invalid_app", {
        message: `${this.name} cannot follow the events of ${producer.name}: ${problems.join("; ")}.`,
        fix: "Give one on() or readModel() for each producer, with handlers for events of its contract, in a service with a database.",
        data: { service: this.name, problems },
      });
    }
    this.#subscriptions.set(producer.name, subscription);
    return this;
  }

  /**
   * Declares a saga: a function whose steps are recorded as they are done, so that it goes on from there in whatever process. A command
   * starts it with `start(saga, input)`. A version stays declared for as long as instances of it run.
   */
  saga<const I extends Schema>(
    name: string,
    options: {
      readonly version: number;
      readonly input: I;
      /** Events of others that it waits for: `[{ producer: payments, events: ["settled"] }]`. */
      readonly waits?: readonly Waits[];
    },
    run: (s: StepsOf<C, U, Tables, S>, input: OutputOf<I>) => Promise<void>,
  ): SagaDefinition<I, StepsOf<C, U, Tables, S>> {
    const definition = { name, ...options, run };
    const key = `${name} ${options.version}`;
    const problems = [
      ...(/^[a-z][a-z0-9-]{0,39}$/.test(name)
        ? []
        : [`the name ${JSON.stringify(name)} must be lower-case letters, digits and "-"`]),
      ...(Number.isInteger(options.version) && options.version >= 1
        ? []
        : ["version must be a whole number from 1"]),
      ...(this.#sagas.has(key) ? [`version ${options.version} of it is declared twice`] : []),
      ...(options.waits ?? []).flatMap(({ producer, events }) =>
        events
          .filter((event) => !(event in producer.events))
          .map((event) => `it waits for ${event}, which is no event of ${producer.name}`),
      ),
      ...(this.database === undefined
        ? ["a service without a database cannot keep its steps"]
        : []),
    ];
    if (problems.length > 0) {
      throw new KerfError("invalid_app", {
        message: `The saga ${name} of ${this.name} cannot be declared: ${problems.join("; ")}.`,
        fix: "Correct its declaration.",
        data: { service: this.name, problems },
      });
    }
    this.#sagas.set(key, definition);
    return definition;
  }

  /**
   * Does something at given times, once however many instances there are. What it does commits together with the mark that it was done; a failure is
   * tried again up to five times. Times that nobody was there for are dealt with as `missed` says.
   */
  schedule(
    name: string,
    times: ScheduleTimes,
    run: (args: ScheduleArgs<C, Tables, S>) => Promise<void> | void,
  ): this {
    const definition = scheduleDefinition(name, times);
    if (this.#schedules.has(name) || this.database === undefined) {
      throw new KerfError("invalid_app", {
        message: `The schedule ${name} of ${this.name} ${this.#schedules.has(name) ? "is declared twice" : "needs a database to keep its times in"}.`,
        fix: "Give each schedule a name of its own, in a service with a database.",
      });
    }
    this.#schedules.set(name, { ...definition, run });
    return this;
  }

  /**
   * Compares the service's own data with what another service says of it, at given times, and reports what differs; mends it when it is told to.
   */
  reconcile<Row extends Keyed>(name: string, declared: Reconciliation<U, Tables, Row>): this {
    const { at, repairs = "asked" } = declared;
    this.#reconciliations.set(name, declared);
    return this.schedule(name, at, (async ({ reconcile }: { reconcile: AskReconciliation }) => {
      await reconcile(name, repairs === "always");
    }) as never);
  }

  /** Comparisons with other services, by name. */
  get reconciliations(): ReadonlyMap<string, Reconciliation<any, any, any>> {
    return this.#reconciliations;
  }

  /** What it does at given times. */
  get schedules(): readonly DeclaredSchedule[] {
    return [...this.#schedules.values()];
  }

  /** Adds work that the service does by itself while it is ready. */
  worker(name: string, worker: Worker<C, U, Tables, S>): this {
    if (this.#workers.has(name) || !(worker.everyMs >= 1)) {
      throw new KerfError("invalid_app", {
        message: `The worker ${JSON.stringify(name)} of ${this.name} ${this.#workers.has(name) ? "is declared twice" : "needs everyMs of at least 1"}.`,
        fix: "Give each worker a name of its own and a pause between its runs.",
      });
    }
    this.#workers.set(name, worker);
    return this;
  }
}

/** Any service, where its types do not matter. */
export type AnyService = Service<any, any, any, any>;

/** Declares a service; `implement()` gives it its handlers. */
export function service<
  const C extends Contract<any, any, any>,
  const U extends Uses = Record<never, never>,
  Tables = Record<never, never>,
  G extends Schema = Schema<unknown, NoSettings["config"]>,
  const D extends SecretDeclarations = readonly [],
>(contract: C, options: ServiceOptions<U, Tables, G, D>): Service<C, U, Tables, SettingsOf<G, D>> {
  return new Service(contract, options);
}
