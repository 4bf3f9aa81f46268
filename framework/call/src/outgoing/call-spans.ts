import { childSpan, type KerfError } from "@kerf/kernel";
import { type Recorder, SpanTemplate } from "@kerf/telemetry";
import type { Address } from "../placement.ts";
import type { Outgoing } from "./outgoing.ts";

/** Most instances whose templates are kept for one operation; beyond, they have been replaced many times. */
const maxAddresses = 256;

/** Records the spans of one operation's calls, at the side of one caller. */
export class CallSpans {
  readonly #recorder: Recorder;
  readonly #caller: string;
  readonly #service: string;
  readonly #operation: string;
  readonly #call: SpanTemplate<"call">;
  readonly #attempts = new Map<Address | undefined, SpanTemplate<"attempt">>();

  constructor(recorder: Recorder, caller: string, service: string, operation: string) {
    this.#recorder = recorder;
    this.#caller = caller;
    this.#service = service;
    this.#operation = operation;
    this.#call = new SpanTemplate("call", caller, `${service}/${operation}`, this.#rpc());
  }

  /** The call belongs to a trace that is recorded. */
  entered(call: Outgoing): void {
    call.trace = childSpan(call.options.trace ?? call.parent.trace);
    call.tracedAt = call.parent.clock.now();
  }

  /** The call is over; told twice, it counts once. */
  left(call: Outgoing, error: KerfError | undefined): void {
    const { trace, tracedAt } = call;
    if (trace === undefined || tracedAt === undefined) return;
    call.tracedAt = undefined;
    this.#recorder.record({
      of: this.#call,
      trace,
      startedAt: tracedAt,
      endedAt: call.parent.clock.now(),
      failed: error !== undefined && !error.declared,
      attributes: error === undefined ? undefined : { "error.type": error.code },
    });
  }

  /** An attempt goes out to its instance: its span is what the callee sees above its own. */
  sent(call: Outgoing): void {
    if (call.trace?.sampled === true) call.span = childSpan(call.trace);
  }

  /** It has ended. */
  settled(call: Outgoing, error: KerfError | undefined): void {
    const { span } = call;
    if (span === undefined) return;
    call.span = undefined;
    const again = call.attempt > 1;
    this.#recorder.record({
      of: this.#attemptAt(call.address),
      trace: span,
      startedAt: call.attemptedAt,
      endedAt: call.parent.clock.now(),
      failed: error !== undefined && !error.declared,
      attributes:
        error === undefined && !again
          ? undefined
          : {
              ...(error === undefined ? undefined : { "error.type": error.code }),
              ...(again ? { "kerf.attempt": call.attempt } : undefined),
            },
    });
  }

  #attemptAt(address: Address | undefined): SpanTemplate<"attempt"> {
    let template = this.#attempts.get(address);
    if (template === undefined) {
      if (this.#attempts.size >= maxAddresses) this.#attempts.clear();
      const peer = address === undefined ? undefined : { "server.address": address };
      const { name } = this.#call;
      template = new SpanTemplate("attempt", this.#caller, name, { ...this.#rpc(), ...peer });
      this.#attempts.set(address, template);
    }
    return template;
  }

  #rpc() {
    return {
      "rpc.system": "kerf",
      "rpc.service": this.#service,
      "rpc.method": this.#operation,
    } as const;
  }
}
