import { type Schema, validate } from "@kerf/contract";
import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, delay, KerfError, newId, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { Execution, type ExecutionParts } from "./execution.ts";
import { type AwaitedEvent, SagaStore } from "./saga-store.ts";
import { SagaDesk } from "./saga-desk.ts";
import type { LocalArgs, SagaDefinition, SagaRow } from "./saga.ts";

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
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** What a saga carries of the command that started it. */
export interface SagaOrigin {
  readonly trace: string;
  readonly principal: Readonly<Record<string, unknown>> | undefined;
}

/** The sagas of one service in one process. */
export class SagaEngine {
  readonly #options: SagaEngineOptions;
  readonly #store: SagaStore;
  /** Where people look at them, and settle what does not settle itself. */
  readonly desk: SagaDesk;
  readonly #definitions: ReadonlyMap<string, SagaDefinition>;
  readonly #live = new Map<string, Promise<void>>();
  readonly #executions = new Map<string, Execution>();
  readonly #stopping = new AbortController();
  #nudge = Promise.withResolvers<void>();
  #started = false;
  #loops: readonly Promise<void>[] = [];

  constructor(options: SagaEngineOptions) {
    this.#options = options;
    this.#store = new SagaStore(options.database, options.clock, options.instance);
    this.desk = new SagaDesk(options.database, options.clock);
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
    await Promise.all([...this.#loops, ...this.#live.values()]);
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
    const id = newId(clock);
    const principal = origin.principal ?? null;
    const saga = { id, name, version, input, trace: origin.trace, principal };
    transaction.beforeCommit(() => this.#store.insert(transaction, saga));
    transaction.afterCommit(() => {
      // Where nothing runs yet, or enough does, its lease runs out and whoever looks next takes it.
      if (!this.#started || this.#live.size >= maxLive) return;
      this.#run({ ...saga, state: "running", failure: null, cancel: null, epoch: "1" }, true);
    });
    return id;
  }

  /** Keeps an event that sagas may wait for, in the transaction of its consumer; whoever waits goes on when that commits. */
  async signal(
    transaction: CommandTransaction,
    awaited: AwaitedEvent,
    id: string,
    payload: unknown,
  ): Promise<void> {
    await this.#store.signal(transaction, awaited, id, payload);
    transaction.afterCommit(() => this.nudge());
  }

  /** Wants a saga undone if the transaction commits. Throws `conflict` when it is beyond its pivot or not running. */
  async cancel(transaction: CommandTransaction, id: string, reason: string): Promise<void> {
    await this.desk.cancel(id, reason, transaction);
    transaction.afterCommit(() => {
      this.#executions.get(id)?.cancel(reason);
      this.nudge();
    });
  }

  /**
   * Throws `saga_version_in_use` when instances of a saga still run whose version is declared no more: nobody could go on with them.
   */
  async assertDeclared(): Promise<void> {
    const running = await this.desk.running();
    const missing = running.filter((each) => !this.#definitions.has(keyOf(each)));
    if (missing.length === 0) return;
    const { service } = this.#options;
    const list = missing.map(
      ({ name, version, count }) => `${name} version ${version} (${count} running)`,
    );
    throw new KerfError("saga_version_in_use", {
      message: `${service} declares no more what its sagas still run by: ${list.join(", ")}.`,
      why: "An instance ends by the version that it began with; without it nobody can go on with it or undo it.",
      fix: `Declare that version beside the new one until they have ended, or end them with the release before: kerf saga ls ${service}, kerf saga cancel ID.`,
      data: { service, missing },
    });
  }

  /** Resolves when this instance works on the saga no more: it ended, was put aside, or was taken over. */
  async leaves(id: string): Promise<void> {
    await this.#live.get(id);
  }

  /** Something is due: looks at once. */
  nudge(): void {
    this.#nudge.resolve();
    this.#nudge = Promise.withResolvers();
  }

  #run(saga: SagaRow, fresh: boolean): void {
    if (this.#live.has(saga.id) || this.#stopping.signal.aborted) return;
    this.#live.set(
      saga.id,
      this.#execute(saga, fresh).finally(() => this.#live.delete(saga.id)),
    );
  }

  async #execute(saga: SagaRow, fresh: boolean): Promise<void> {
    const { clock, random, clients, local, log } = this.#options;
    const { signal } = this.#stopping;
    const fields = { saga: saga.name, id: saga.id };
    try {
      const steps = fresh ? [] : await this.#store.steps(saga.id);
      const definition = this.#definitions.get(keyOf(saga)) as SagaDefinition;
      const parts = { store: this.#store, clock, random, signal, clients, local };
      const execution = new Execution(saga, steps, definition, parts, fresh);
      this.#executions.set(saga.id, execution);
      await execution.run();
    } catch (error) {
      if (signal.aborted) return;
      // Its lease runs out, and whoever takes it then goes on from what is recorded.
      log.warn("a saga was left; it is taken up again", { ...fields, error });
    } finally {
      this.#executions.delete(saga.id);
    }
  }

  async #take(): Promise<void> {
    const room = maxLive - this.#live.size;
    if (room <= 0 || this.#definitions.size === 0) return;
    const due = await this.#store.claim([...this.#definitions.values()], room, [
      ...this.#live.keys(),
    ]);
    // Begun here while we looked: its run finds its epoch outdated, and whoever looks next goes on.
    const own = due.filter(({ id }) => this.#live.has(id)).map(({ id }) => id);
    if (own.length > 0) await this.#store.release(own);
    for (const saga of due) this.#run(saga, false);
  }

  async #beat(): Promise<void> {
    if (this.#live.size === 0) return;
    for (const { id, cancel } of await this.#store.beat([...this.#live.keys()]))
      this.#executions.get(id)?.cancel(cancel);
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
      const over = new AbortController();
      const paused = delay(clock, ms, AbortSignal.any([signal, over.signal]));
      await Promise.race([this.#nudge.promise, paused.catch(() => undefined)]);
      over.abort();
    }
  }
}

function keyOf({ name, version }: { readonly name: string; readonly version: number }): string {
  return `${name} ${version}`;
}
