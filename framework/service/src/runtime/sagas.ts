import { type Caller, rootContext } from "@kerf/call";
import type { CommandTransaction } from "@kerf/data";
import { type Schema, sensitiveFields } from "@kerf/contract";
import { CallContext, KerfError, type Random, type TimerWheel, type Trace } from "@kerf/kernel";
import { type Acting, SagaEngine, type SagaRow, type SagaSignal } from "@kerf/saga";
import { formatTraceparent, type Hidden, type TracingParts } from "@kerf/telemetry";
import { usesOf } from "../declaration/uses.ts";
import type { BoundService } from "./bound-service.ts";
import { inScope } from "./in-scope.ts";

/** What sagas need beside their service. */
export interface SagaParts {
  readonly instance: string;
  readonly wheel: TimerWheel;
  readonly random: Random;
  readonly tracing?: TracingParts | undefined;
}

/** The sagas of one service in this process: their calls take the call path, their local steps the service's database. */
export class ServiceSagas {
  readonly #bound: BoundService;
  readonly #engine: SagaEngine;
  readonly #parts: SagaParts;
  /** Above every call of a saga: they end with it when the instance stops. */
  readonly #above: CallContext;

  constructor(bound: BoundService, caller: Caller, parts: SagaParts) {
    const { clock, database, log, name, service } = bound;
    this.#bound = bound;
    this.#parts = parts;
    this.#above = rootContext({
      clock,
      wheel: parts.wheel,
      caller: name,
      deadlineMs: Number.POSITIVE_INFINITY,
    });
    const clientsOf = boundClients(bound, caller);
    this.#engine = new SagaEngine({
      service: name,
      instance: parts.instance,
      definitions: service.sagas,
      database,
      clients: (_saga, key, trace) => clientsOf(this.#context(key, trace)),
      local: (transaction, saga, trace) => this.#local(transaction, saga, trace),
      scope:
        bound.scope && ((saga, trace, work) => inScope(bound, trace, work, this.#hiddenOf(saga))),
      tracing: parts.tracing,
      clock,
      random: parts.random,
      log,
    });
  }

  /** Starts a saga with a command's transaction; `context` is where that stands in its trace, and for whom it is. */
  begin(
    transaction: CommandTransaction,
    context: CallContext,
    ...[saga, input]: [Parameters<SagaEngine["begin"]>[1], unknown]
  ): string {
    const { principal, trace } = context;
    return this.#engine.begin(transaction, saga, input, {
      trace: formatTraceparent(trace),
      principal:
        principal === undefined ? undefined : { subject: principal.subject, ...principal.claims },
    });
  }

  /** Whether sagas of the service may wait for an event. */
  waitsFor(producer: string, event: string): boolean {
    return this.#engine.waitsFor(producer, event);
  }

  /** Keeps an event that sagas may wait for, in the transaction of the consumer that applies it. */
  signal(transaction: CommandTransaction, signal: SagaSignal): Promise<void> {
    return this.#engine.signal(transaction, signal);
  }

  /** A saga may go on otherwise than it did. */
  nudge(id: string, cancelledBy?: Acting): void {
    this.#engine.nudge(id, cancelledBy);
  }

  start(): void {
    this.#engine.start();
  }

  /** Ends after the steps at hand; their calls are cancelled. Idempotent. */
  async stop(): Promise<void> {
    const stopped = this.#engine.stop();
    this.#above.cancel(
      new KerfError("cancelled", {
        message: `The service ${this.#bound.name} is stopping.`,
        why: "Its sagas go on in another instance, or after its next start.",
      }),
    );
    await stopped;
  }

  #context(key: string, trace: Trace): CallContext {
    const { clock, name } = this.#bound;
    return new CallContext({
      clock,
      wheel: this.#parts.wheel,
      deadline: Number.POSITIVE_INFINITY,
      trace,
      caller: name,
      idempotencyKey: key,
      parent: this.#above,
    });
  }

  #local(transaction: CommandTransaction, saga: SagaRow, trace: Trace): unknown {
    const context = this.#context(`saga:${saga.id}`, trace);
    const { events, given, log } = this.#bound;
    const hidden = this.#hiddenOf(saga);
    return {
      db: transaction.db,
      raw: transaction.raw,
      get emit() {
        return events?.emit(transaction, context);
      },
      log: log.in(context.trace).with({ saga: saga.name, sagaId: saga.id }).hiding(hidden),
      ...given,
    };
  }

  /** What is not written down of a saga. */
  #hiddenOf(saga: SagaRow): () => Hidden {
    const { sagas } = this.#bound.service;
    const { input } =
      sagas.find(({ name, version }) => name === saga.name && version === saga.version) ?? {};
    const fields = () => input && sensitiveFields(input as Schema, "input");
    return this.#bound.hiding(fields, saga.input);
  }
}

/** Clients whose operations can be handed on by themselves, as `s.call("reserve", s.clients.inventory.reserve, …)` does. */
function boundClients(
  { service }: BoundService,
  caller: Caller,
): (context: CallContext) => Readonly<Record<string, unknown>> {
  const uses = usesOf(service).map(({ key, contract, optional }) => ({
    key,
    operations: Object.keys(contract.operations),
    bind: caller.bind(contract, { caller: service.name, optional }),
  }));
  return (context) =>
    Object.fromEntries(
      uses.map(({ key, operations, bind }) => {
        const client = bind(context) as Record<string, (...args: unknown[]) => unknown>;
        return [
          key,
          Object.fromEntries(
            operations.map((name) => [name, (...args: unknown[]) => client[name]?.(...args)]),
          ),
        ];
      }),
    );
}
