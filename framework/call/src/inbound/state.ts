import type { CallContext, Clock, KerfError } from "@kerf/kernel";
import { DeclaredError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { LoadShedding } from "../policies/load-shedding.ts";
import type { InboundOperation } from "./operation.ts";
import { receivedFrom } from "../outgoing/received-error.ts";

/** Of the calls inside of a process, one in so many is measured. */
const nearSample = 16;

/** What all calls of a program's inbound side share: how many are in flight, whether it drains, where failures are told. */
export class InboundState {
  readonly checked: boolean;
  /** How long a caller of a stream may wait before it takes the next item, milliseconds. */
  readonly streamIdleMs: number;
  /** How many calls from outside are served at once. */
  readonly shedding: LoadShedding;
  readonly #clock: Clock;
  readonly #log: Logger;
  #inFlight = 0;
  #draining = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: {
    checked: boolean;
    streamIdleMs: number;
    shedding: LoadShedding;
    clock: Clock;
    log: Logger;
  }) {
    this.shedding = options.shedding;
    this.#clock = options.clock;
    this.checked = options.checked;
    this.streamIdleMs = options.streamIdleMs;
    this.#log = options.log;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Takes no more calls from outside; resolves when nothing is in flight. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#inFlight === 0) return Promise.resolve();
    this.#idle ??= Promise.withResolvers();
    return this.#idle.promise;
  }

  entered(operation: InboundOperation): void {
    operation.counters.calls++;
    this.#inFlight++;
  }

  /** When a call of this process began, for one in sixteen: asking for the time would be a good part of what such a call costs. */
  sampled(operation: InboundOperation): number | undefined {
    return operation.counters.calls % nearSample === 0 ? this.#clock.now() : undefined;
  }

  /**
   * When it ended, of those that are measured, monotonic milliseconds. `enteredAt`: when it began; `remote`: it was counted among the calls
   * that are served at once.
   */
  left(operation: InboundOperation, enteredAt?: number, remote = false): number | undefined {
    let now: number | undefined;
    if (enteredAt !== undefined) {
      now = this.#clock.now();
      const tookMs = now - enteredAt;
      if (remote) this.shedding.leave(operation.name, tookMs, now);
      operation.latency.record(tookMs, remote ? 1 : nearSample);
    }
    this.#inFlight--;
    if (this.#inFlight === 0 && this.#idle !== undefined) {
      this.#idle.resolve();
      this.#idle = undefined;
    }
    return now;
  }

  /** Writes down what callers are not told: what was thrown, in full. */
  failed(
    operation: InboundOperation,
    context: CallContext,
    error: KerfError,
    thrown: unknown,
  ): void {
    if (quiet.has(error.code)) return;
    const fields = {
      operation: operation.name,
      caller: context.caller,
      code: error.code,
      error: thrown,
    };
    const log = this.#log.in(context.trace);
    const from = thrown instanceof DeclaredError ? receivedFrom(thrown) : undefined;
    if (thrown instanceof DeclaredError) {
      log.error(
        from === undefined
          ? `${operation.name} threw ${thrown.code}, which its contract does not declare.`
          : `${operation.name} passed on ${thrown.code} as ${from} answered it; it must throw an error of its own contract.`,
        fields,
      );
    } else if (error.code === "unavailable" || error.code === "deadline_exceeded") {
      log.warn(`${operation.name} could not be served: ${error.code}.`, fields);
    } else log.error(`${operation.name} failed: ${error.code}.`, fields);
  }
}

// Answers to mistakes of the caller, and its leaving: the callee has no part in them.
const quiet: ReadonlySet<string> = new Set([
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "payload_too_large",
  "cancelled",
  "not_here",
]);
