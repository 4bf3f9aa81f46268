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
import { silentLogger } from "@kerf/telemetry";
import { ledger, shop, wallet } from "../app/contracts.ts";
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

  /** Reads a balance. */
  async balance(name: string): Promise<number> {
    const outcome = await this.#untilAnswered(() => this.#bound(wallet).balance({ name }));
    return (outcome as { answer: { balance: number } }).answer.balance;
  }

  async stop(): Promise<void> {
    await this.#caller.stop();
  }

  #bound<C extends typeof wallet | typeof shop | typeof ledger>(contract: C) {
    const context = rootContext({
      clock,
      wheel: this.#wheel,
      caller: "client",
      deadlineMs: Number.POSITIVE_INFINITY,
    });
    return this.#caller.bind(contract, { caller: "client" })(context);
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
