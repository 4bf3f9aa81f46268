import { type CallContext, KerfError, type Trace } from "@kerf/kernel";
import type { Address } from "../placement.ts";
import type { Endpoint } from "../balancing/endpoint.ts";
import type { RecordedCall } from "./call-spans.ts";
import type { SendOptions } from "./client-stub.ts";
import type { Target } from "./target.ts";
import type { Incoming, Request, Transport } from "../transport.ts";

const noOptions: SendOptions = {};

/**
 * A call or stream on its way out: what the positions of the pipeline read and write. For a service in this process it is
 * the request itself.
 */
export class Outgoing implements Incoming {
  readonly target: Target;
  /** The call that this one is part of. */
  readonly parent: CallContext;
  readonly input: unknown;
  readonly options: SendOptions;
  after: string | undefined;
  /** Where its span is, when that is not below the call above. */
  trace: Trace | undefined = undefined;
  /** What is known of its spans; undefined for a call that nobody records. */
  recorded: RecordedCall | undefined = undefined;
  /** When a call that is counted began, monotonic milliseconds; zero of one that was refused before, negative once it is over. */
  enteredAt = 0;
  /** Of a command: what all of its attempts are known by. */
  idempotencyKey: string | undefined = undefined;
  /** Of the whole call, over all of its attempts. */
  whole: CallContext;
  /** Of the attempt under way; what travels. */
  context: CallContext;
  /** Number of the attempt under way, from 1. */
  attempt = 0;
  /** When the attempt under way began, monotonic milliseconds, at most one tick old. */
  attemptedAt = 0;
  /** When it ended, monotonic milliseconds; of calls that leave the process. */
  settledAt = 0;
  /** Where the last attempt went, when it left the process. */
  address: Address | undefined = undefined;
  transport: Transport | undefined = undefined;
  /** Whether the attempt under way has a place in the bulkhead, and whether the throttle let it through. */
  inBulkhead = false;
  throughThrottle = false;
  endpoint: Endpoint | undefined = undefined;
  /** Whether an attempt before this one may have been executed. */
  #perhapsExecuted = false;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;

  constructor(
    target: Target,
    parent: CallContext,
    input: unknown,
    options: SendOptions = noOptions,
  ) {
    this.target = target;
    this.parent = parent;
    this.input = input;
    this.options = options;
    this.after = options.after;
    this.whole = parent;
    this.context = parent;
  }

  get service(): string {
    return this.target.service;
  }

  get operation(): string {
    return this.target.operation;
  }

  /** What a transport carries: its own object for each attempt, since attempts may overlap in a transport's books. */
  request(): Request {
    return {
      service: this.target.service,
      operation: this.target.operation,
      input: this.input,
      context: this.context,
      after: this.after,
      raw: this.options.raw,
      trace: this.recorded?.attempt,
    };
  }

  /** An attempt has failed, and another one follows. */
  failedOnce(error: KerfError): void {
    if (error.retry !== "not-executed") this.#perhapsExecuted = true;
  }

  /** The last attempt's error, as that of the whole call: it was not executed only if none of its attempts was. */
  ofAllAttempts(error: KerfError): KerfError {
    if (!this.#perhapsExecuted || error.retry !== "not-executed") return error;
    const { code, message, why, fix, data, retryAfterMs } = error;
    const details = { message, why, fix, data, retryAfterMs, cause: error };
    return new KerfError(code, { ...details, retry: "unknown" });
  }

  /** Ends the call when the caller's own signal aborts. */
  follow(signal: AbortSignal): void {
    const cancel = (): void =>
      this.whole.cancel(new KerfError("cancelled", "The caller cancelled the call."));
    if (signal.aborted) {
      cancel();
      return;
    }
    this.#signal = signal;
    this.#onAbort = cancel;
    signal.addEventListener("abort", cancel, { once: true });
  }

  /** Lets go of timers, of the call above and of the caller's signal. */
  release(): void {
    if (this.context !== this.whole) this.context.release();
    if (this.whole !== this.parent) this.whole.release();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener("abort", this.#onAbort);
  }
}
