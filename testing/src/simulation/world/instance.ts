import { type CommandTransaction, ServiceDatabase } from "@kerf/data";
import { Consumer, type LogPage, LogReader, type LogRequest, Outbox, shardOf } from "@kerf/events";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { type SagaDefinition, SagaEngine, SagaOperations } from "@kerf/saga";
import { silentLogger } from "@kerf/telemetry";
import { SimulatedPool } from "../database/pool.ts";
import type { Endpoint, Request } from "../network.ts";
import { SimulatedProcess } from "../process.ts";
import { insertEffect, insertSeen } from "../statements/bank.ts";
import {
  bankContract,
  type BankClients,
  type Change,
  change,
  type Moved,
  noSuchOperation,
  otherOf,
  type ServiceName,
  type Transfer,
  transferSaga,
} from "./bank.ts";
import { sendCommand } from "./caller.ts";
import { type CommandAnswer, runCommand } from "./command.ts";
import type { World } from "./world.ts";

/** How much longer than it waits for news a read of a log may take, milliseconds. */
const readMs = 10_000;

/** One running copy of a service: the engines as they are, on a simulated process, database and network. */
export class Instance implements Endpoint {
  readonly process: SimulatedProcess;
  readonly service: ServiceName;
  readonly #world: World;
  readonly #database: ServiceDatabase;
  readonly #reader: LogReader;
  readonly #outbox: Outbox;
  readonly #consumer: Consumer;
  readonly #transfer: SagaDefinition;
  readonly #sagas: SagaEngine;
  readonly #operations: SagaOperations;
  #stopping = false;

  constructor(world: World, service: ServiceName, name: string) {
    const { scheduler, server, wallStart } = world;
    this.#world = world;
    this.service = service;
    this.process = new SimulatedProcess(scheduler, name, wallStart, scheduler.integer(-300, 300));
    const { clock } = this.process;
    this.#database = new ServiceDatabase({
      connection: { host: "", port: 0, database: service, user: "", password: "" },
      service,
      instance: name,
      clock,
      source: new SimulatedPool(server, service, this.process) as never,
    });
    this.#reader = new LogReader(this.#database, clock);
    this.#outbox = new Outbox(bankContract(service), () => this.#reader.nudge());
    const parts = { service, instance: name, database: this.#database, clock, log: silentLogger };
    const { random } = scheduler;
    const producer = otherOf(service);
    this.#consumer = new Consumer({
      ...parts,
      random,
      producer,
      from: "beginning",
      read: (request, signal) => this.#read(producer, request, signal),
      apply: ({ payload }, transaction) => this.#apply(producer, payload as Moved, transaction),
    });
    const transfer = transferSaga(service, random);
    this.#transfer = world.variant.saga?.(transfer) ?? transfer;
    this.#sagas = new SagaEngine({
      ...parts,
      random,
      definitions: [this.#transfer],
      clients: (_saga, key) => this.#clients(key),
      local: (transaction) => ({ transaction, emit: this.#emit(transaction) }),
      newId: () => world.newId(),
    });
    const nudge = this.#sagas.nudge.bind(this.#sagas);
    this.#operations = new SagaOperations({ database: this.#database, clock, nudge });
  }

  /** Whether it takes requests. */
  get open(): boolean {
    return this.process.alive && !this.#stopping;
  }

  start(): void {
    this.#consumer.start();
    this.#sagas.start();
  }

  /** As a deploy ends it: after what is at hand, giving back what it has. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([this.#consumer.stop(), this.#sagas.stop()]);
    await this.#database.close();
  }

  /** What arrives over the network. */
  async handle(request: Request): Promise<unknown> {
    if (this.#stopping) throw stopping();
    const { operation, input, signal } = request;
    if (operation === "events") return this.#reader.read(input as LogRequest, signal);
    if (operation === "change") {
      return this.#command(request, (transaction, key) =>
        change({ transaction, emit: this.#emit(transaction) }, key, input as Change),
      );
    }
    if (operation === "transfer") {
      return this.#command(request, async (transaction, key) => {
        // Some commands do nothing but start a saga.
        if ((input as Transfer).noted) await transaction.raw.query(insertEffect, [key, "", 0]);
        const origin = { trace: "", principal: undefined };
        return this.#sagas.begin(transaction, this.#transfer, input, origin);
      });
    }
    if (operation === "withdraw") {
      return this.#command(request, (transaction, key) =>
        this.#withdraw((input as { saga: string }).saga, key, transaction),
      );
    }
    throw noSuchOperation(operation);
  }

  /** Asks for the end of a saga; throws the declared error `refused` when it is too late. */
  async #withdraw(saga: string, key: string, transaction: CommandTransaction): Promise<string> {
    try {
      await this.#operations.cancel(saga, { by: "client" }, transaction);
    } catch (error) {
      if (error instanceof KerfError && error.code === "conflict") {
        throw new DeclaredError("refused", {});
      }
      throw error;
    }
    await transaction.raw.query(insertEffect, [key, "", 0]);
    return "withdrawn";
  }

  #command(
    { operation, input, key = "", signal }: Request,
    work: (transaction: CommandTransaction, key: string) => Promise<unknown>,
  ): Promise<CommandAnswer> {
    const answersEarly = this.#world.variant.answersEarly === true;
    const command = { service: this.service, operation, input, key, signal, answersEarly };
    return runCommand(this.#database, this.process.clock, command, (transaction) =>
      work(transaction, key),
    );
  }

  #emit(transaction: CommandTransaction): Readonly<Record<string, (payload: unknown) => void>> {
    return this.#outbox.open(transaction, { trace: "", principal: undefined });
  }

  #clients(under: string): BankClients {
    const clientOf = (service: ServiceName) => ({
      change: (input: Change, options?: { idempotencyKey?: string }) => {
        const key = options?.idempotencyKey ?? `${under}/${service}.change`;
        return sendCommand(this.#world, this.process, { service, operation: "change", input, key });
      },
    });
    return { east: clientOf("east"), west: clientOf("west") };
  }

  async #read(producer: ServiceName, request: LogRequest, signal: AbortSignal): Promise<LogPage> {
    signal.throwIfAborted();
    const { network, scheduler } = this.#world;
    const open = this.#world.instancesOf(producer);
    if (open.length === 0) throw stopping();
    const read = { operation: "events", input: request, key: undefined };
    const page = network.call(this.process, scheduler.pick(open), read, request.waitMs + readMs);
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(stopping()), { once: true });
    });
    return (await Promise.race([page, stopped])) as LogPage;
  }

  async #apply(producer: string, moved: Moved, transaction: CommandTransaction): Promise<void> {
    if (this.#sagas.waitsFor(producer, "moved")) {
      const signal = { producer, event: "moved", key: moved.account, payload: moved };
      await this.#sagas.signal(transaction, signal);
    }
    const write = async ({ raw }: CommandTransaction): Promise<void> => {
      await raw.query(insertSeen, [producer, shardOf(moved.account), moved.account, moved.n]);
    };
    if (this.#world.variant.appliesApart !== true) {
      return this.#world.usesSavepoints
        ? transaction.savepoint(() => write(transaction))
        : write(transaction);
    }
    await this.#database.inTransaction(this.process.clock.now() + 5_000, write);
  }
}

function stopping(): KerfError {
  return new KerfError("unavailable", { message: "It is stopping.", retry: "not-executed" });
}
