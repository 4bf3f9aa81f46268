import {
  Inbound,
  type ServedArguments,
  type ServedOperation,
  type FramedService,
  serveFramed,
} from "@kerf/call";
import { type CallContext, delay, KerfError } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Listener } from "./byte-network.ts";
import { make } from "./calling.ts";
import { contracts, type Errand, type ServiceName, type Watch } from "./contracts.ts";
import { Program } from "./program.ts";
import type { SimulatedSocket } from "./socket.ts";
import type { World } from "./world.ts";

/** How an instance does. Slow: a hundred times as long. */
export const conditions = ["well", "slow", "failing", "unavailable", "overloaded"] as const;
export type Condition = (typeof conditions)[number];

/** What a call of a handler takes, simulated milliseconds, when the instance is well. */
const fastestMs = 0.5;
const slowestMs = 20;
/** How long a nested call may take at most, milliseconds. */
const nestedMs = 4_000;
/** Share of the items of a stream at which an instance that is not well fails. */
const failingItems = 0.1;
/** How long a draining instance waits for what is in flight, milliseconds. */
const drainMs = 3_000;

/** One running copy of a service: the callee's half of the call path as it is, over simulated connections. */
export class Instance implements Listener {
  readonly service: ServiceName;
  readonly name: string;
  readonly address: string;
  readonly program: Program;
  readonly inbound: Inbound;
  readonly framed: FramedService;
  condition: Condition = "well";
  readonly #world: World;

  constructor(world: World, service: ServiceName, name: string) {
    this.#world = world;
    this.service = service;
    this.name = name;
    this.address = `unix:/${name}`;
    this.program = new Program(world, name, world.placement.signed);
    const { clock } = this.program.process;
    const { wheel } = this.program;
    const log = silentLogger;
    this.inbound = new Inbound({
      services: [{ contract: contracts[service], operations: this.#operations()[service] }],
      clock,
      wheel,
      log,
      checked: false,
      mayCall: () => true,
      principals: { verify: (subject) => ({ subject, claims: {} }) },
    });
    const { settings, variant } = world;
    this.framed = serveFramed({
      dispatcher: variant.dispatcher?.(this.inbound) ?? this.inbound,
      clock,
      wheel,
      log,
      instance: name,
      limits: { maxCalls: settings.maxCalls },
    });
  }

  get process() {
    return this.program.process;
  }

  accept(socket: SimulatedSocket): void {
    this.framed.accept(socket.asSocket);
  }

  /** As a deploy ends it; bounded. */
  async drain(): Promise<void> {
    const waited = delay(this.process.clock, drainMs);
    await Promise.race([Promise.all([this.inbound.drain(), this.framed.drain()]), waited]);
    this.framed.close();
    await this.program.caller.stop();
  }

  #operations(): Record<ServiceName, Record<string, ServedOperation>> {
    const { clients } = this.program;
    const nested = <T>(
      { context, input }: ServedArguments,
      service: ServiceName,
      operation: string,
      send: (errand: Errand, options: object) => PromiseLike<T>,
    ): Promise<T> => {
      const id = `${(input as Errand).id}/${operation}`;
      return make(
        this.#world,
        this.program,
        { service, operation, id },
        context,
        nestedMs,
        (call, options) => send({ id, call }, options),
      );
    };
    return {
      stock: {
        count: { run: (args) => this.#work(args) },
        take: { recorded: true, run: (args) => this.#work(args) },
        watch: { run: (args) => this.#items(args) },
        hang: { run: (args) => this.#hang(args) },
      },
      mail: { send: { run: (args) => this.#work(args) } },
      shop: {
        look: {
          run: (args) =>
            this.#work(args, () =>
              nested(args, "stock", "count", (errand, options) =>
                clients.stock(args.context).count(errand, options),
              ),
            ),
        },
        order: {
          recorded: true,
          run: (args) =>
            this.#work(args, () =>
              nested(args, "stock", "take", (errand, options) =>
                clients.stock(args.context).take(errand, options),
              ),
            ),
        },
      },
    };
  }

  /** A query or command: some time, what it calls, and for a command its effect. */
  async #work(
    { input, context }: ServedArguments,
    first?: () => Promise<unknown>,
  ): Promise<{ id: string }> {
    const { id } = input as Errand;
    const end = this.#began(input as Errand, context);
    try {
      await this.#spend(context);
      this.#fail();
      await first?.();
      const key = context.idempotencyKey;
      if (key !== undefined) this.#world.properties.effect(this.service, key, id);
      return { id };
    } finally {
      end();
    }
  }

  async #hang({ input, context }: ServedArguments): Promise<{ id: string }> {
    const end = this.#began(input as Errand, context);
    try {
      await delay(this.process.clock, Number.POSITIVE_INFINITY, context.signal);
      return { id: (input as Errand).id };
    } finally {
      end();
    }
  }

  async *#items({ input, context, after }: ServedArguments): AsyncGenerator<{ n: number }> {
    const { to } = input as Watch;
    const end = this.#began(input as Errand, context);
    try {
      for (let n = Number(after ?? 0) + 1; n <= to; n++) {
        if (this.#world.scheduler.chance(0.1)) await this.#spend(context);
        if (this.#world.scheduler.chance(failingItems)) this.#fail();
        yield { n };
      }
    } finally {
      end();
    }
  }

  #began(errand: Errand, context: CallContext): () => void {
    return this.#world.properties.began(this, errand, context);
  }

  #spend(context: CallContext): Promise<void> {
    const factor = this.condition === "slow" ? 100 : 1;
    const ms = this.#world.scheduler.latency(fastestMs, slowestMs) * factor;
    return delay(this.process.clock, ms, context.signal);
  }

  #fail(): void {
    switch (this.condition) {
      case "failing":
        throw new Error("It fails.");
      case "unavailable":
        throw new KerfError("unavailable", "Its database is gone.");
      case "overloaded":
        throw new KerfError("overloaded", { message: "It has too much to do.", retryAfterMs: 20 });
      default:
    }
  }
}
