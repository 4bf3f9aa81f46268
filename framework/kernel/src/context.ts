import type { Clock } from "./clock.ts";
import type { KerfError } from "./errors.ts";
import { deadlineExceeded, remaining } from "./deadline.ts";
import type { Principal } from "./principal.ts";
import type { TimerWheel, WheelEntry } from "./timer-wheel.ts";
import type { Trace } from "./trace.ts";

/** What a context is made from. */
export interface ContextFields {
  clock: Clock;
  wheel: TimerWheel;
  /** Monotonic milliseconds of this process's clock. */
  deadline: number;
  trace: Trace;
  /** The calling service, or `gateway:NAME`, or `client` for code outside of any service. */
  caller: string;
  principal?: Principal | undefined;
  /** The principal as the gateway signed it; goes on unchanged with every call. */
  principalToken?: string | undefined;
  /** The key under which the caller may repeat this command. */
  idempotencyKey?: string | undefined;
}

/**
 * Everything that belongs to one call and travels with it. Always passed explicitly.
 * It is one object with lazy parts: the abort signal exists only once somebody asks for it.
 */
export class CallContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly deadline: number;
  readonly trace: Trace;
  readonly caller: string;
  readonly principal: Principal | undefined;
  readonly principalToken: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Set by the service while its command's transaction is open; calls are refused then. */
  transactionOpen = false;
  #reason: KerfError | undefined;
  #controller: AbortController | undefined;
  #deadlineEntry: WheelEntry | undefined;
  #listeners: ((reason: KerfError) => void)[] | undefined;

  constructor(fields: ContextFields) {
    this.clock = fields.clock;
    this.wheel = fields.wheel;
    this.deadline = fields.deadline;
    this.trace = fields.trace;
    this.caller = fields.caller;
    this.principal = fields.principal;
    this.principalToken = fields.principalToken;
    this.idempotencyKey = fields.idempotencyKey;
  }

  /** Milliseconds left, never negative. */
  get remainingMs(): number {
    return remaining(this.clock, this.deadline);
  }

  /** Why this call ended early, if it did. */
  get cancelled(): KerfError | undefined {
    return this.#reason;
  }

  /** Aborts when the caller leaves or the deadline passes; made when first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
      else this.#watchDeadline();
    }
    return this.#controller.signal;
  }

  /** Calls `listener` once when this call ends early, at once when it already has. Returns what takes it back. */
  onCancel(listener: (reason: KerfError) => void): () => void {
    if (this.#reason !== undefined) {
      listener(this.#reason);
      return () => {};
    }
    (this.#listeners ??= []).push(listener);
    this.#watchDeadline();
    return () => {
      const index = this.#listeners?.indexOf(listener) ?? -1;
      if (index >= 0) this.#listeners?.splice(index, 1);
    };
  }

  /** Ends the call early; the first reason stays. */
  cancel(reason: KerfError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.release();
    this.#controller?.abort(reason);
    const listeners = this.#listeners;
    this.#listeners = undefined;
    for (const listener of listeners ?? []) listener(reason);
  }

  /** Gives back the deadline's timer once the call is over. */
  release(): void {
    if (this.#deadlineEntry === undefined) return;
    this.wheel.remove(this.#deadlineEntry);
    this.#deadlineEntry = undefined;
  }

  #watchDeadline(): void {
    this.#deadlineEntry ??= this.wheel.add(this.deadline, () => {
      this.#deadlineEntry = undefined;
      this.cancel(deadlineExceeded("the call was running"));
    });
  }
}
