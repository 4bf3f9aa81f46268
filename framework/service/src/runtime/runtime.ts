import type { Caller, ServedService } from "@kerf/call";
import {
  type CallContext,
  type Clock,
  KerfError,
  type Random,
  type TimerWheel,
} from "@kerf/kernel";
import { type Broker, type LoggedEvent, ModelFollower, type Relay } from "@kerf/events";
import { assertVersionsKnown, type ReconciliationReport } from "@kerf/saga";
import type { Logger, TracingParts } from "@kerf/telemetry";
import type { AnyService } from "../declaration/service.ts";
import { refusingIssuer, type TokenIssuer } from "../issuer.ts";
import { BoundService } from "./bound-service.ts";
import type { ServiceDatabases } from "./databases.ts";
import { applyEvent, type ConsumerParts, type Follower, followerOf } from "./consumers.ts";
import { Maintenance } from "./maintenance.ts";
import { ServiceSagas } from "./sagas.ts";
import { reconcilerOf } from "./reconciliations.ts";
import { schedulerOf } from "./schedules.ts";
import { serve } from "./serve.ts";
import type { ServiceRedis } from "./redis.ts";
import { noSettings, type ServiceSettings } from "./settings.ts";
import { WorkerLoop } from "./workers.ts";

/** Bound of the transaction of an event that a test delivers, milliseconds. */
const receiveMs = 5_000;

/** What a runtime is made of. */
export interface RuntimeOptions {
  readonly services: readonly AnyService[];
  /** Of those services that declare one. */
  readonly databases: ServiceDatabases;
  /** What carries events; without one, consumers read the logs of producers themselves. The caller closes it. */
  readonly broker?: Broker | undefined;
  /** Of those services that declare configuration or secrets; `openSettings` makes them. */
  readonly settings?: ServiceSettings | undefined;
  /** Of those services that keep something in Redis; `openRedis` makes it. */
  readonly redis?: ServiceRedis | undefined;
  /** Given to the service that declares `issuer: true`. */
  readonly issuer?: TokenIssuer | undefined;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly log: Logger;
  /** Who this process is, as the owner of leases; unique among all that live. */
  readonly instance: string;
  /** What takes the spans of handlers, sagas, workers and schedules; without it none are made. */
  readonly tracing?: TracingParts | undefined;
}

/**
 * Services at work in one process: what hosts, gateways with a backend and tests put behind an `Inbound`. In order: make it,
 * give `served()` to the `Inbound`, the `Inbound` to a `Caller`, the `Caller` to `connect()`; from then on it can be called.
 */
export class ServiceRuntime {
  readonly #bound: readonly BoundService[];
  readonly #workers: ReadonlyMap<string, WorkerLoop>;
  readonly #maintenance: readonly Maintenance[];
  readonly #parts: ConsumerParts;
  readonly #broker: Broker | undefined;
  #followers: readonly Follower[] = [];
  #relays: readonly Relay[] = [];

  constructor(options: RuntimeOptions) {
    const { clock, wheel, random, log, tracing } = options;
    this.#bound = options.services.map(
      (service) =>
        new BoundService(service, {
          database: options.databases[service.name],
          issuer:
            (service.issuer ? options.issuer : undefined) ??
            refusingIssuer(service.name, service.issuer),
          settings: options.settings?.[service.name] ?? noSettings,
          redis: options.redis?.[service.name],
          clock,
          log,
          tracing,
        }),
    );
    this.#broker = options.broker;
    this.#parts = { instance: options.instance, wheel, random, broker: options.broker, tracing };
    this.#maintenance = Object.entries(options.databases).map(
      ([service, database]) =>
        new Maintenance(database, { clock, random, log: log.with({ service }) }),
    );
    this.#workers = new Map(
      this.#bound.flatMap((bound) =>
        [...bound.service.workers].map(([name, worker]) => [
          `${bound.name}.${name}`,
          new WorkerLoop(bound, name, worker, { clock, wheel, random, tracing }),
        ]),
      ),
    );
  }

  /** The services as the inbound half of the call path runs them. Throws `invalid_app` for one without handlers. */
  served(): ServedService[] {
    return this.#bound.map((bound) => serve(bound));
  }

  /** Binds the clients of all services. */
  connect(caller: Caller): void {
    for (const bound of this.#bound) bound.connect(caller);
    for (const bound of this.#bound) {
      if (bound.service.sagas.length > 0)
        bound.sagas = new ServiceSagas(bound, caller, this.#parts);
      if (bound.service.reconciliations.size > 0)
        bound.reconciler = reconcilerOf(bound, this.#parts);
      if (bound.service.schedules.length > 0) bound.schedules = schedulerOf(bound, this.#parts);
    }
    for (const bound of this.#bound) {
      for (const [producer, subscription] of bound.service.subscriptions)
        bound.followers.set(producer, followerOf(bound, subscription, caller, this.#parts));
    }
    this.#followers = this.#bound.flatMap((bound) => [...bound.followers.values()]);
    const broker = this.#broker;
    if (broker === undefined) return;
    this.#relays = this.#bound.flatMap(({ events }) => events?.relayTo(broker, this.#parts) ?? []);
  }

  /**
   * Throws `invalid_app` when sagas run of versions that a service no longer declares. With `all`, services are asked too that
   * declare none. What cannot be asked by `deadline` (monotonic milliseconds) is warned of: a database that is away holds nothing up.
   */
  async assertSagasKnown(deadline: number, all: boolean): Promise<void> {
    await Promise.all(
      this.#bound.map(async (bound) => {
        const { log, name, service } = bound;
        if (service.database === undefined || (!all && service.sagas.length === 0)) return;
        try {
          await assertVersionsKnown(name, bound.database, service.sagas, deadline);
        } catch (error) {
          if (error instanceof KerfError && error.code === "invalid_app") throw error;
          log.warn("it could not be asked whether sagas run that are no longer declared", {
            error,
          });
        }
      }),
    );
  }

  /** Starts every worker; its first run begins at once. The databases are kept in shape from now on. */
  startWorkers(): void {
    for (const maintenance of this.#maintenance) maintenance.start();
    for (const relay of this.#relays) relay.start();
    for (const follower of this.#followers) follower.start();
    this.startSagas();
    for (const { reconciler, schedules } of this.#bound) {
      schedules?.start();
      reconciler?.start();
    }
    for (const worker of this.#workers.values()) worker.start();
  }

  /** Goes on with sagas that others left, and with those that are started here from now on. */
  startSagas(): void {
    for (const { sagas } of this.#bound) sagas?.start();
  }

  /** Cancels what the workers do and waits for its end; consumers elsewhere wait for no more news here. The caller bounds it. */
  async stopWorkers(): Promise<void> {
    for (const { events } of this.#bound) events?.drain();
    for (const maintenance of this.#maintenance) maintenance.stop();
    await Promise.all(
      [
        ...this.#workers.values(),
        ...this.#followers,
        ...this.#relays,
        ...this.#bound.flatMap(({ reconciler, sagas, schedules }) =>
          [sagas, schedules, reconciler].filter((part) => part !== undefined),
        ),
      ].map((running) => running.stop()),
    );
    const readers = this.#bound.flatMap(({ brokerReaders }) => [...brokerReaders.values()]);
    await Promise.all(readers.map((reader) => reader.close()));
  }

  /**
   * Gives an event to the service's handler and commits what it does, for tests: throws what it throws, and `invalid_app` when the
   * service does not follow that producer.
   */
  async receive(service: string, event: LoggedEvent, producer: string): Promise<void> {
    const bound = this.#bound.find(({ name }) => name === service);
    const subscription = bound?.service.subscriptions.get(producer);
    if (bound === undefined || subscription === undefined) {
      throw new KerfError("invalid_app", {
        message: `${service} does not follow the events of ${producer}.`,
        fix: "Declare it: service.on(contract, { … }).",
      });
    }
    await bound.database.inTransaction(bound.clock.now() + receiveMs, (transaction) =>
      applyEvent(bound, subscription, event, transaction, this.#parts),
    );
  }

  /**
   * Appends one event to a service's log in a transaction of its own, for a program that has none with us. Throws `invalid_app` when
   * the service cannot emit it, `invalid_input` when the payload does not fit its schema.
   */
  async emit(
    service: string,
    event: string,
    payload: unknown,
    context: CallContext,
  ): Promise<void> {
    const bound = this.#bound.find(({ name }) => name === service);
    const log = bound?.events;
    if (bound === undefined || log === undefined || !(event in bound.service.contract.events)) {
      throw new KerfError("invalid_app", {
        message: `${service} cannot emit ${JSON.stringify(event)}.`,
        why:
          bound !== undefined && event in bound.service.contract.events
            ? "It has no database, and its log of events would lie there."
            : `Its contract has ${Object.keys(bound?.service.contract.events ?? {}).join(", ") || "no events"}.`,
        fix: "Declare the event in the contract and a database in the service.",
      });
    }
    await bound.database.inTransaction(context.deadline, (transaction) => {
      const emit = log.emit(transaction, context) as Record<string, (payload: unknown) => void>;
      emit[event]?.(payload);
      return Promise.resolve();
    });
  }

  /**
   * Builds the read model that follows a producer, for tests: throws what its seed throws, and `invalid_app` when the service has none.
   */
  async buildReadModel(service: string, producer: string): Promise<void> {
    const follower = this.#bound.find(({ name }) => name === service)?.followers.get(producer);
    if (follower instanceof ModelFollower) return follower.buildNow();
    throw new KerfError("invalid_app", {
      message: `${service} has no read model that follows ${producer}.`,
      fix: "Declare it: service.readModel(contract, { … }).",
    });
  }

  /** Carries out one comparison with another service now, for tests, and answers its report. */
  async reconcile(
    service: string,
    name: string,
    repair: boolean,
  ): Promise<ReconciliationReport | undefined> {
    const bound = this.#bound.find((each) => each.name === service);
    const { reconciler } = bound ?? {};
    if (bound === undefined || reconciler === undefined) return undefined;
    await bound.database.inTransaction(bound.clock.now() + receiveMs, (transaction) =>
      reconciler.ask(transaction, name, repair),
    );
    await reconciler.runAsked();
    return (await reconciler.reports(name))[0];
  }

  /**
   * Runs a worker once, for tests: answers whether it has more to do, throws what it throws, and `invalid_app` when the service
   * has no such worker.
   */
  async runWorker(service: string, worker: string): Promise<boolean> {
    const loop = this.#workers.get(`${service}.${worker}`);
    if (loop !== undefined) return loop.runOnce();
    throw new KerfError("invalid_app", {
      message: `There is no worker ${JSON.stringify(worker)} of ${service}.`,
      why: `There are: ${[...this.#workers.keys()].join(", ") || "none"}.`,
      fix: "Name one of those.",
    });
  }
}
