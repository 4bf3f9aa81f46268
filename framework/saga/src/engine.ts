import { type Schema, sensitiveFields, validate } from "@kerf/contract";
import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, delay, KerfError, newId, type Random, redactError } from "@kerf/kernel";
import type { Logger, TracingParts } from "@kerf/telemetry";
import { Execution, type ExecutionParts } from "./execution.ts";
import { Journal } from "./journal.ts";
import { SagaRecords } from "./saga-records.ts";
import { SagaStore, staleLease } from "./saga-store.ts";
import type { Acting } from "./operations.ts";
import { keepSignal, topicOf, wakeWaiting } from "./signals.ts";
import type { LocalArgs, LocalScope, SagaDefinition, SagaRow } from "./saga.ts";

/** Sagas that one instance works on at once. */
const maxLive = 256;
/** Pause between two looks for sagas that are due or were left, and between two beats of those at work, milliseconds. */
const lookMs = 2_000;
const beatMs = 3_000;

/** What an engine is made of. */
export interface SagaEngineOptions {
  readonly service: string;
  readonly instance: string;
  readonly definitions: readonly SagaDefinition[];
  readonly database: ServiceDatabase;
  readonly clients: ExecutionParts["clients"];
  readonly local: LocalArgs;
  /** Default: none. */
  readonly scope?: LocalScope | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Ids of sagas, UUIDs; drawn by default. A simulation needs the same ones in every run. */
  readonly newId?: (() => string) | undefined;
  /** Told when a saga that ran here is completed, undone or stuck, and that is recorded. */
  readonly onEnd?: ((saga: SagaRow) => void) | undefined;
  /** Takes the spans and metrics of sagas and of their steps; without it none are made. */
  readonly tracing?: Omit<TracingParts, "sampler"> | undefined;
}

/** What a saga carries of the command that started it. */
export interface SagaOrigin {
  readonly trace: string;
  readonly principal: Readonly<Record<string, unknown>> | undefined;
}

/** An event that sagas may wait for; its payload as its contract's schema gave it. */
export interface SagaSignal {
  readonly producer: string;
  readonly event: string;
  readonly key: string;
  readonly payload: unknown;
}

/** A saga that is worked on here. */
interface Live {
  execution: Execution | undefined;
  ended: Promise<void> | undefined;
}

/** The sagas of one service in one process. */
export class SagaEngine {
  readonly #options: SagaEngineOptions;
  readonly #store: SagaStore;
  readonly #journal: Journal;
  readonly #records: SagaRecords | undefined;
  readonly #definitions: ReadonlyMap<string, SagaDefinition>;
  readonly #live = new Map<string, Live>();
  readonly #stopping = new AbortController();
  readonly #signalled = new WeakMap<CommandTransaction, Set<string>>();
  #started = false;
  #loops: readonly Promise<void>[] = [];

  constructor(options: SagaEngineOptions) {
    this.#options = options;
    this.#store = new SagaStore(options.database, options.clock, options.instance);
    this.#journal = new Journal({ ...options, signal: this.#stopping.signal });
    const { clock, service, tracing } = options;
    if (tracing?.recorder !== undefined || tracing?.metrics !== undefined)
      this.#records = new SagaRecords(tracing, clock, service);
    this.#definitions = new Map(
      options.definitions.map((definition) => [keyOf(definition), definition]),
    );
  }

  /** Begins to work: on what is started here, and on what others left. Idempotent. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#loops = [
      this.#every(lookMs, () => this.#take()),
      this.#every(beatMs, () => this.#beat()),
    ];
  }

  /** Ends after the steps at hand, and gives back what is not at its end. The caller bounds it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const left = [...this.#live.keys()];
    const reason = new KerfError("cancelled", `The service ${this.#options.service} is stopping.`);
    for (const { execution } of this.#live.values()) execution?.leave(reason);
    await Promise.all([...this.#loops, ...[...this.#live.values()].map(({ ended }) => ended)]);
    if (left.length > 0) await this.#store.release(left).catch(() => undefined);
  }

  /** Starts a saga when the transaction commits; answers its id. Throws `invalid_input` at once when the input does not fit. */
  begin(
    transaction: CommandTransaction,
    definition: SagaDefinition,
    given: unknown,
    origin: SagaOrigin,
  ): string {
    const { clock, service } = this.#options;
    if (this.#definitions.get(keyOf(definition)) !== definition) {
      throw new KerfError("invalid_app", {
        message: `${service} was told to start ${definition.name}, which is no saga of its own.`,
        fix: "Declare it with service.saga(…) on the same service.",
      });
    }
    const input = validate(
      definition.input as Schema,
      given,
      "invalid_input",
      `saga ${definition.name}`,
    );
    if (input instanceof Promise) {
      throw new KerfError(
        "invalid_app",
        `The input schema of the saga ${definition.name} is asynchronous.`,
      );
    }
    const { name, version } = definition;
    const id = this.#options.newId?.() ?? newId(clock);
    const principal = origin.principal ?? null;
    const saga = { id, name, version, input, trace: origin.trace, principal };
    transaction.beforeCommit(
      () => this.#store.insert(transaction, saga),
      () => this.#journal.start({ start: saga }),
    );
    transaction.afterCommit(() => {
      // Where nothing runs yet, or enough does, its lease runs out and whoever looks next takes it.
      if (!this.#started || this.#live.size >= maxLive) return;
      this.#run({ ...saga, state: "running", failure: null, epoch: "1", cancel: null }, true);
    });
    return id;
  }

  /** A saga may go on: its end was asked for, or an operator lets it. Whoever works on it elsewhere learns of it with its next write. */
  nudge(id: string, cancelledBy?: Acting): void {
    const execution = this.#live.get(id)?.execution;
    if (execution === undefined) this.#lookNow();
    else if (cancelledBy !== undefined) execution.cancel(cancelledBy);
  }

  /** Whether a saga of the service may wait for an event. */
  waitsFor(producer: string, event: string): boolean {
    return this.#options.definitions.some(({ waits = [] }) =>
      waits.some((each) => each.producer.name === producer && each.events.includes(event)),
    );
  }

  /** Keeps an event in the transaction of its consumer, and wakes who waits for it when that commits. */
  async signal(
    transaction: CommandTransaction,
    { producer, event, key, payload }: SagaSignal,
  ): Promise<void> {
    const topic = topicOf(producer, event, key);
    await keepSignal(transaction, { topic, payload });
    const known = this.#signalled.get(transaction);
    if (known !== undefined) return void known.add(topic);
    const topics = new Set([topic]);
    this.#signalled.set(transaction, topics);
    let woken: string[] = [];
    transaction.beforeCommit(async () => {
      woken = await wakeWaiting(transaction, [...topics]);
    });
    transaction.afterCommit(() => {
      for (const id of woken) this.#live.get(id)?.execution?.wake();
      if (woken.some((id) => !this.#live.has(id))) this.#lookNow();
    });
  }

  #lookNow(): void {
    if (!this.#started || this.#stopping.signal.aborted) return;
    // What fails is looked for again soon.
    void this.#take().catch(() => undefined);
  }

  #run(saga: SagaRow, fresh: boolean): void {
    if (this.#live.has(saga.id) || this.#stopping.signal.aborted) return;
    const live: Live = { execution: undefined, ended: undefined };
    this.#live.set(saga.id, live);
    live.ended = this.#execute(saga, fresh, live).finally(() => this.#live.delete(saga.id));
  }

  async #execute(saga: SagaRow, fresh: boolean, live: Live): Promise<void> {
    const { clock, random, clients, local, log, scope } = this.#options;
    const { signal } = this.#stopping;
    const definition = this.#definitions.get(keyOf(saga)) as SagaDefinition;
    const parts = {
      store: this.#store,
      journal: this.#journal,
      clock,
      random,
      signal,
      clients,
      local,
      scope,
      records: this.#records,
    };
    try {
      let steps = fresh ? undefined : await this.#store.steps(saga.id);
      for (;;) {
        const execution = new Execution(saga, steps, definition, parts);
        live.execution = execution;
        const end = await execution.run();
        const { outcome, trace } = execution;
        if (outcome !== undefined) this.#records?.ended(saga, trace, outcome);
        if (end === "ended") this.#options.onEnd?.(saga);
        if (end !== "again") return;
        steps = await this.#store.steps(saga.id);
      }
    } catch (error) {
      if (signal.aborted) return;
      // Its lease runs out, and whoever takes it then goes on from what is recorded.
      log.warn("a saga was left; it is taken up again", {
        saga: saga.name,
        id: saga.id,
        error: withoutInput(error, definition, saga),
      });
    }
  }

  async #take(): Promise<void> {
    const room = maxLive - this.#live.size;
    if (room <= 0 || this.#definitions.size === 0) return;
    const due = await this.#store.claim([...this.#definitions.values()], room, [
      ...this.#live.keys(),
    ]);
    // Begun here while we looked.
    const own = due.filter(({ id }) => this.#live.has(id)).map(({ id }) => id);
    if (own.length > 0) await this.#store.release(own);
    if (this.#stopping.signal.aborted && due.length > 0)
      await this.#store.release(due.map(({ id }) => id));
    for (const saga of due) this.#run(saga, false);
  }

  async #beat(): Promise<void> {
    const ids = [...this.#live.keys()];
    if (ids.length === 0) return;
    const kept = new Map((await this.#store.beat(ids)).map(({ id, cancel }) => [id, cancel]));
    for (const id of ids) {
      const execution = this.#live.get(id)?.execution;
      const cancel = kept.get(id);
      if (execution === undefined) continue;
      if (cancel === undefined) execution.leave(staleLease(execution.saga));
      else if (cancel !== null) execution.cancel(cancel);
    }
  }

  async #every(ms: number, work: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        log.warn("sagas could not be looked for; it is tried again", { error });
      }
      await delay(clock, ms, signal).catch(() => undefined);
    }
  }
}

/** What was thrown, without what the saga's input marks as sensitive. */
function withoutInput(thrown: unknown, { input }: SagaDefinition, saga: SagaRow): unknown {
  return redactError(thrown, sensitiveFields(input as Schema, "input")?.valuesIn(saga.input) ?? []);
}

function keyOf({ name, version }: { readonly name: string; readonly version: number }): string {
  return `${name} ${version}`;
}
