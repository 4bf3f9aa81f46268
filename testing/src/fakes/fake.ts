import type { Contract } from "@kerf/contract";
import { type ErrorCode, KerfError, type Principal } from "@kerf/kernel";
import type { FakeAnswer, FakeAnswers, FakeCall, FakeCalls } from "./fake-operations.ts";
import type { Fault } from "./fault.ts";

/** For how many calls something goes wrong. */
export interface FaultOptions {
  /** Default: until `heal()`. */
  times?: number;
}

/**
 * Stands in for a service that the one under test calls. It keeps to the contract: inputs and answers go through the
 * schemas, errors are the declared ones, and a call reaches it over the whole call path with its policies, as if it were elsewhere.
 */
export class Fake<C extends Contract<any, any, any> = Contract<any, any, any>> {
  readonly contract: C;
  /** What it received: `fake.calls.reserve[0]?.input`. */
  readonly calls: FakeCalls<C>;
  readonly #calls: Record<string, FakeCall<any>[]> = {};
  readonly #answers = new Map<string, unknown>();
  readonly #faults = new Map<string, Fault>();

  constructor(contract: C, answers: FakeAnswers<C>) {
    this.contract = contract;
    for (const name of Object.keys(contract.operations)) this.#calls[name] = [];
    this.calls = this.#calls as unknown as FakeCalls<C>;
    for (const [name, given] of Object.entries(answers)) {
      this.#known(name);
      this.#answers.set(name, given);
    }
  }

  /** Answers from now on like this. */
  answer<Name extends keyof C["operations"] & string>(
    operation: Name,
    answer: FakeAnswer<C["operations"][Name]>,
  ): void {
    this.#known(operation);
    this.#answers.set(operation, answer);
  }

  /** Calls fail before they reach the service: `fail("reserve", "unavailable")`. For declared errors, throw them in an answer. */
  fail(
    operation: keyof C["operations"] & string,
    error: ErrorCode | KerfError,
    options?: FaultOptions,
  ): void {
    const thrown =
      error instanceof KerfError
        ? error
        : new KerfError(error, {
            message: `${this.contract.name} fails as the test asked it to: ${error}.`,
          });
    this.#set(operation, { kind: "fail", error: thrown, left: timesOf(options) });
  }

  /** Calls take `ms` milliseconds of the test's clock before they are handled. */
  delay(operation: keyof C["operations"] & string, ms: number, options?: FaultOptions): void {
    this.#set(operation, { kind: "delay", ms, left: timesOf(options) });
  }

  /** Calls are never answered: the caller's deadline ends them. */
  hang(operation: keyof C["operations"] & string, options?: FaultOptions): void {
    this.#set(operation, { kind: "hang", left: timesOf(options) });
  }

  /** Nothing goes wrong any more, with one operation or with all. */
  heal(operation?: keyof C["operations"] & string): void {
    if (operation === undefined) this.#faults.clear();
    else this.#faults.delete(operation);
  }

  /** @internal The answer that the test gave; undefined when it gave none. */
  answerOf(operation: string): unknown {
    return this.#answers.get(operation);
  }

  /** @internal Writes a call down, and says what goes wrong with it. */
  received(
    operation: string,
    call: {
      input: unknown;
      caller: string;
      idempotencyKey?: string | undefined;
      principal: Principal | undefined;
    },
  ): Fault | undefined {
    this.#calls[operation]?.push(call as FakeCall<any>);
    const fault = this.#faults.get(operation);
    if (fault !== undefined && --fault.left <= 0) this.#faults.delete(operation);
    return fault;
  }

  #set(operation: string, fault: Fault): void {
    this.#known(operation);
    this.#faults.set(operation, fault);
  }

  #known(operation: string): void {
    if (operation in this.contract.operations) return;
    throw new KerfError("unknown_operation", {
      message: `The contract ${this.contract.name} has no operation ${JSON.stringify(operation)}.`,
      fix: `It has: ${Object.keys(this.contract.operations).join(", ")}.`,
    });
  }
}

/**
 * A fake of a service: `fake(inventory, { reserve: { reserved: true }, release: ({ input }) => … })`. Operations without an answer
 * may not be called.
 */
export function fake<const C extends Contract<any, any, any>>(
  contract: C,
  answers: FakeAnswers<C> = {},
): Fake<C> {
  return new Fake(contract, answers);
}

function timesOf(options: FaultOptions | undefined): number {
  return options?.times ?? Number.POSITIVE_INFINITY;
}
