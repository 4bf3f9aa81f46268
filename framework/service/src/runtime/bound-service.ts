import type { Caller } from "@kerf/call";
import type { RedisPlace, ServiceDatabase } from "@kerf/data";
import type { BrokerReader } from "@kerf/events";
import { type SensitiveFields, sensitiveNames } from "@kerf/contract";
import type { CallContext, Clock } from "@kerf/kernel";
import { KerfError } from "@kerf/kernel";
import { SagaOperations } from "@kerf/saga";
import type { Hidden, Logger, SpanScope, TracingParts } from "@kerf/telemetry";
import type { InSpan } from "../declaration/handlers.ts";
import type { AnyService } from "../declaration/service.ts";
import type { Settings } from "../declaration/settings.ts";
import { usesOf } from "../declaration/uses.ts";
import { AuthorSpans } from "./author-spans.ts";
import type { Follower } from "./consumers.ts";
import { eventActions } from "./event-actions.ts";
import { EventLog } from "./event-log.ts";
import { EventRecords } from "./event-records.ts";
import type { OperatorActions } from "./operate.ts";
import { scheduleActions } from "./schedules.ts";
import { reconciliationActions } from "./reconciliations.ts";
import type { Reconciler, Scheduler } from "@kerf/saga";
import { sagaActions } from "./saga-actions.ts";
import type { ServiceSagas } from "./sagas.ts";
import type { TokenIssuer } from "../issuer.ts";

/** Makes the clients of one call. */
type ClientsOfCall = new (context: CallContext) => Readonly<Record<string, unknown>>;

/** A service in this process: everything that its calls share, made once. */
export class BoundService {
  readonly service: AnyService;
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly spans: AuthorSpans;
  /** Tells instrumentation where work stands; undefined where the app has none. */
  readonly scope: SpanScope | undefined;
  readonly issuer: TokenIssuer;
  readonly settings: Settings;
  readonly #redis: RedisPlace | undefined;
  readonly #database: ServiceDatabase<any> | undefined;
  /** Its log, when its contract has events and it has a database to keep them in. */
  readonly events: EventLog | undefined;
  /** Its sagas, once it is connected, when it declares any. */
  sagas: ServiceSagas | undefined;
  /** What follows other services' events, by the producer's name, once it is connected. */
  readonly followers = new Map<string, Follower>();
  /** What those read through, where a broker carries the events. */
  readonly brokerReaders = new Map<string, BrokerReader>();
  readonly #eventRecords = new Map<string, EventRecords>();
  /** Its schedules, once it is connected, when it declares any. */
  schedules: Scheduler | undefined;
  /** Its comparisons with other services, once it is connected, when it declares any. */
  reconciler: Reconciler | undefined;
  #hidden: Hidden | undefined;
  #clients: ClientsOfCall | undefined;
  #sagaOperations: SagaOperations | undefined;
  #self: ((context: CallContext) => unknown) | undefined;

  constructor(
    service: AnyService,
    parts: {
      database: ServiceDatabase<any> | undefined;
      issuer: TokenIssuer;
      settings: Settings;
      redis?: RedisPlace | undefined;
      clock: Clock;
      log: Logger;
      tracing?: TracingParts | undefined;
    },
  ) {
    this.service = service;
    this.name = service.name;
    this.log = parts.log.with({ service: service.name }).hiding(() => this.hidden);
    this.clock = parts.clock;
    this.spans = new AuthorSpans(service.name, parts.clock, parts.tracing);
    this.scope = parts.tracing?.scope;
    this.issuer = parts.issuer;
    this.settings = parts.settings;
    this.#redis = parts.redis;
    this.#database = parts.database;
    this.events =
      parts.database === undefined || Object.keys(service.contract.events).length === 0
        ? undefined
        : new EventLog(this);
  }

  /** The fields that nothing is written of: those that are marked in its own contract and in those that it uses and follows. */
  get hidden(): Hidden {
    if (this.#hidden === undefined) {
      const { contract, subscriptions } = this.service;
      const contracts = [
        contract,
        ...usesOf(this.service).map((used) => used.contract),
        ...[...subscriptions.values()].map(({ producer }) => producer),
      ];
      const names = new Set([...new Set(contracts)].flatMap((each) => [...sensitiveNames(each)]));
      this.#hidden = { names, values: [] };
    }
    return this.#hidden;
  }

  /** The same, and the values that `fields` mark in `value`: what a call, an event or a saga was given. Asked when it is needed. */
  hiding(fields: () => SensitiveFields | undefined, value: unknown): () => Hidden {
    let hidden: Hidden | undefined;
    return () => {
      if (hidden !== undefined) return hidden;
      const values = fields()?.valuesIn(value) ?? [];
      return (hidden = values.length === 0 ? this.hidden : { ...this.hidden, values });
    };
  }

  /** Binds the clients, once everything that they may reach in this process is there. */
  connect(caller: Caller): void {
    this.#clients = clientsClass(this.service, caller);
    this.#self = caller.bind(this.service.contract, { caller: this.name });
  }

  /** What records how it handles the events of a producer. */
  eventRecords(producer: string, tracing: TracingParts | undefined): EventRecords {
    let records = this.#eventRecords.get(producer);
    if (records === undefined) {
      records = new EventRecords(tracing, this, producer);
      this.#eventRecords.set(producer, records);
    }
    return records;
  }

  /** What operators may ask of it. */
  operatorActions(): OperatorActions {
    return {
      ...eventActions(this),
      ...sagaActions(this),
      ...scheduleActions(this),
      ...reconciliationActions(this),
    };
  }

  /** What operators and its own commands do with its sagas. Throws `invalid_app` in a service without a database. */
  get sagaOperations(): SagaOperations {
    const { clock, database } = this;
    return (this.#sagaOperations ??= new SagaOperations({
      database,
      clock,
      nudge: (id, cancelledBy) => this.sagas?.nudge(id, cancelledBy),
    }));
  }

  /** Throws `invalid_app` in a service that declares none. */
  get database(): ServiceDatabase<any> {
    if (this.#database !== undefined) return this.#database;
    throw new KerfError("invalid_app", {
      message: `The service ${this.name} has no database.`,
      fix: "Declare it: service(contract, { database: postgres({ … }) }).",
    });
  }

  /** Throws `invalid_app` in a service that does not declare it. */
  get redis(): RedisPlace {
    if (this.#redis !== undefined) return this.#redis;
    throw new KerfError("invalid_app", {
      message: `The service ${this.name} keeps nothing in Redis.`,
      fix: "Declare it: service(contract, { redis: true }).",
    });
  }

  /** What work of its own is given beside its transaction. */
  get given(): Settings & { readonly redis: RedisPlace | undefined } {
    return { ...this.settings, redis: this.#redis };
  }

  /** The clients of what the service uses, bound to one call. */
  clients(context: CallContext): Readonly<Record<string, unknown>> {
    if (this.#clients === undefined) throw notConnected(this.name);
    return new this.#clients(context);
  }

  /** What makes spans below that of a call, and below each of those. */
  spanIn(context: CallContext, hidden: () => Hidden, log: Logger): InSpan<any> {
    return (name, attributes, work) =>
      this.spans.during({ context, hidden }, name, attributes, (part) =>
        work({
          clients: this.clients(part) as never,
          log: log.in(part.trace).hiding(hidden),
          span: this.spanIn(part, hidden, log),
        }),
      );
  }

  /** A client of the service itself, bound to one call. */
  self(context: CallContext): unknown {
    if (this.#self === undefined) throw notConnected(this.name);
    return this.#self(context);
  }
}

function notConnected(service: string): KerfError {
  return new KerfError("not_ready", {
    message: `The service ${service} was called before its clients were bound.`,
    fix: "Call connect() of the runtime before anything reaches its services.",
  });
}

/** A class with one getter for each contract in `uses`, so that a call makes the clients that its handler asks for and no others. */
function clientsClass(service: AnyService, caller: Caller): ClientsOfCall {
  class Clients {
    readonly #context: CallContext;

    constructor(context: CallContext) {
      this.#context = context;
    }

    static contextOf(clients: Clients): CallContext {
      return clients.#context;
    }
  }
  for (const { key, contract, optional, fallback } of usesOf(service)) {
    const bind = caller.bind(contract, { caller: service.name, optional, fallback });
    Object.defineProperty(Clients.prototype, key, {
      enumerable: true,
      get(this: Clients) {
        return bind(Clients.contextOf(this));
      },
    });
  }
  return Clients as unknown as ClientsOfCall;
}
