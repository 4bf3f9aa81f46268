import assert from "node:assert/strict";
import { Caller, connectFramed, rootContext } from "@kerf/call";
import type { InputOf } from "@kerf/contract";
import {
  DeclaredError,
  delay,
  KerfError,
  systemClock as clock,
  systemRandom,
  TimerWheel,
} from "@kerf/kernel";
import { type ActionAnswer, operate } from "@kerf/service";
import { silentLogger } from "@kerf/telemetry";
import { audit, billing, ledger, shop, wallet } from "../app/contracts.ts";
import type { ServiceName } from "../app/services.ts";
import { RecordedDiscovery } from "./discovery.ts";

/** How long a client goes on asking, milliseconds. */
const patienceMs = 30_000;
/** Pause before it asks again, milliseconds. */
const pauseMs = 20;

/** What a command was answered with. */
export type Outcome = { readonly answer: unknown } | { readonly declined: string };

/** A client as it should be: it asks under one key until it is answered. */
export class ScenarioClient {
  /** What was answered, by the operation and the label of what was asked. */
  readonly outcomes = new Map<string, Outcome>();
  readonly #caller: Caller;
  readonly #wheel = new TimerWheel(clock);

  /** @param addresses of the services, by name */
  constructor(addresses: Readonly<Record<string, readonly string[]>>) {
    const parts = { clock, wheel: this.#wheel, log: silentLogger };
    this.#caller = new Caller({
      ...parts,
      random: systemRandom,
      discovery: new RecordedDiscovery(addresses),
      connect: (address) => connectFramed(address, { ...parts, hello: { instance: "client" } }),
      checked: false,
    });
  }

  /** Pays, and asks a second time under the same key: both answers must be the same. */
  pay(input: InputOf<typeof wallet.operations.pay.input>): Promise<Outcome> {
    return this.#twice("pay", input.label, (key) =>
      this.#bound(wallet).pay(input, { idempotencyKey: key }),
    );
  }

  /** Buys by a command that pays by another. */
  buy(input: InputOf<typeof shop.operations.buy.input>): Promise<Outcome> {
    return this.#twice("buy", input.label, (key) =>
      this.#bound(shop).buy(input, { idempotencyKey: key }),
    );
  }

  /** Orders, which starts a saga. */
  order(input: InputOf<typeof shop.operations.order.input>): Promise<Outcome> {
    return this.#twice("order", input.label, (key) =>
      this.#bound(shop).order(input, { idempotencyKey: key }),
    );
  }

  /** Makes an entry. */
  enter(input: InputOf<typeof ledger.operations.enter.input>): Promise<Outcome> {
    return this.#twice("enter", input.label, (key) =>
      this.#bound(ledger).enter(input, { idempotencyKey: key }),
    );
  }

  /** Starts a saga that waits for a payment. */
  collect(input: InputOf<typeof billing.operations.collect.input>): Promise<Outcome> {
    return this.#twice("collect", input.label, (key) =>
      this.#bound(billing).collect(input, { idempotencyKey: key }),
    );
  }

  /** Starts a saga that does not end before something is mended. */
  file(label: string): Promise<Outcome> {
    return this.#twice("file", label, (key) =>
      this.#bound(billing).file({ label }, { idempotencyKey: key }),
    );
  }

  /** Mends what keeps a saga, or the events of an account, from going on. */
  mend(contract: typeof billing | typeof audit, label: string): Promise<Outcome> {
    return this.#twice("mend", label, (key) =>
      this.#bound(contract).mend({ label }, { idempotencyKey: key }),
    );
  }

  /**
   * Has a service do something for operators; what is not answered is asked for again, so that it may be done twice.
   * Throws what the service refuses, but for what `settled` names: it was done the first time.
   */
  async operate<Answer = unknown>(
    service: ServiceName,
    action: string,
    input: Readonly<Record<string, unknown>> = {},
    settled: readonly string[] = [],
  ): Promise<Answer> {
    const end = clock.now() + patienceMs;
    for (let again = false; ; again = true) {
      const outcome = await this.#untilAnswered(
        () =>
          this.#caller.send({
            service,
            operation: operate,
            kind: "command",
            input: { action, input },
            context: this.#context("operator"),
          }) as Promise<ActionAnswer>,
      );
      const { answer } = outcome as { answer: ActionAnswer };
      if (!("error" in answer)) return answer.output as Answer;
      const { code, message, retry } = answer.error;
      if (settled.includes(code)) return undefined as Answer;
      if (retry === "never" || clock.now() > end)
        throw new Error(`${action}${again ? " (again)" : ""}: ${code}: ${message}`);
      await delay(clock, pauseMs);
    }
  }

  /** Asks for something again and again until it is as wanted. */
  async until<T>(look: () => Promise<T>, wanted: (found: T) => boolean): Promise<T> {
    const end = clock.now() + patienceMs;
    for (;;) {
      const found = await look();
      if (wanted(found)) return found;
      if (clock.now() > end) throw new Error(`It stays at ${JSON.stringify(found)}.`);
      await delay(clock, pauseMs);
    }
  }

  /** Reads a balance. */
  async balance(name: string): Promise<number> {
    const outcome = await this.#untilAnswered(() => this.#bound(wallet).balance({ name }));
    return (outcome as { answer: { balance: number } }).answer.balance;
  }

  async stop(): Promise<void> {
    await this.#caller.stop();
  }

  #bound<C extends typeof wallet | typeof shop | typeof ledger | typeof billing | typeof audit>(
    contract: C,
  ) {
    return this.#caller.bind(contract, { caller: "client" })(this.#context("client"));
  }

  #context(caller: string) {
    const deadlineMs = Number.POSITIVE_INFINITY;
    return rootContext({ clock, wheel: this.#wheel, caller, deadlineMs });
  }

  async #twice(
    operation: string,
    label: string,
    call: (key: string) => PromiseLike<unknown>,
  ): Promise<Outcome> {
    const key = `${operation} ${label}`;
    const first = await this.#untilAnswered(() => call(key));
    const second = await this.#untilAnswered(() => call(key));
    assert.deepEqual(second, first, `${key} was answered differently the second time`);
    this.outcomes.set(key, first);
    return first;
  }

  async #untilAnswered(call: () => PromiseLike<unknown>): Promise<Outcome> {
    const end = clock.now() + patienceMs;
    for (;;) {
      try {
        return { answer: await call() };
      } catch (error) {
        if (error instanceof DeclaredError) return { declined: error.code };
        if (!(error instanceof KerfError) || error.retry === "never" || clock.now() > end)
          throw error;
        await delay(clock, pauseMs);
      }
    }
  }
}
