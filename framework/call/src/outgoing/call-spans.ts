import { childSpan, type KerfError, randomHex, type Trace } from "@kerf/kernel";
import { type Attributes, type Recorder, SpanTemplate } from "@kerf/telemetry";
import type { Address } from "../placement.ts";
import type { Outgoing } from "./outgoing.ts";

/** Most instances whose templates are kept for one operation; beyond, they have been replaced many times. */
const maxAddresses = 256;

/** An attempt that has ended. */
export interface EndedAttempt {
  readonly number: number;
  readonly address: Address | undefined;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error: KerfError | undefined;
}

/**
 * Records the spans of one operation's calls, at the side of one caller. Nearly every call ends with its first attempt, and is
 * one span. Only when there is a second attempt the call gets a span of its own above them: the first one keeps the id that
 * has travelled, and the call, whose id nobody knows yet, takes a new one.
 */
export class CallSpans {
  readonly #recorder: Recorder;
  readonly #caller: string;
  readonly #name: string;
  readonly #rpc: Attributes<"rpc.system" | "rpc.service" | "rpc.method">;
  readonly #templates = {
    call: new Map<Address | undefined, SpanTemplate>(),
    attempt: new Map<Address | undefined, SpanTemplate>(),
  };

  constructor(recorder: Recorder, caller: string, service: string, operation: string) {
    this.#recorder = recorder;
    this.#caller = caller;
    this.#name = `${service}/${operation}`;
    this.#rpc = { "rpc.system": "kerf", "rpc.service": service, "rpc.method": operation };
  }

  /** The call belongs to a trace that is recorded. */
  entered(call: Outgoing): void {
    call.trace = childSpan(call.options.trace ?? call.parent.trace);
    call.tracedAt = now(call);
  }

  /** An attempt goes out to its instance: its span is what the callee sees above its own. */
  sent(call: Outgoing): void {
    if (call.attempt === 1 || call.trace?.sampled !== true) return;
    this.divide(call);
    call.span = childSpan(call.trace);
    call.spanNumber = call.attempt;
  }

  /** There is a second attempt, or is about to be one beside the first. */
  divide(call: Outgoing): void {
    const { firstEnded, trace } = call;
    if (call.isDivided || call.tracedAt === undefined || trace === undefined) return;
    const whole = { ...trace, spanId: randomHex(8) };
    const first = { ...trace, parentId: whole.spanId };
    call.isDivided = true;
    call.trace = whole;
    if (firstEnded === undefined) call.span = first;
    else this.#attempt(first, firstEnded);
  }

  /** An attempt has ended. */
  settled(call: Outgoing, error: KerfError | undefined): void {
    const { address, attemptedAt, settledAt: endedAt, span, spanNumber } = call;
    if (span === undefined && (call.tracedAt === undefined || error === undefined)) return;
    const ended = { number: spanNumber, address, startedAt: attemptedAt, endedAt, error };
    if (span === undefined) call.firstEnded = ended;
    else {
      call.span = undefined;
      this.#attempt(span, ended);
    }
  }

  /** The call is over; told twice, it counts once. */
  left(call: Outgoing, error: KerfError | undefined): void {
    const { address, isDivided, settledAt, trace, tracedAt } = call;
    if (trace === undefined || tracedAt === undefined) return;
    call.tracedAt = undefined;
    this.#recorder.record({
      of: this.#templateAt("call", isDivided ? undefined : address),
      trace,
      startedAt: tracedAt,
      // An answer ends the call at the moment at which it ends the attempt.
      endedAt: error === undefined && settledAt > 0 ? settledAt : now(call),
      failed: error !== undefined && !error.declared,
      attributes: error === undefined ? undefined : { "error.type": error.code },
    });
  }

  #attempt(trace: Trace, { number, address, startedAt, endedAt, error }: EndedAttempt): void {
    const of = this.#templateAt("attempt", address);
    const failed = error !== undefined && !error.declared;
    const attributes = {
      "kerf.attempt": number,
      ...(error === undefined ? undefined : { "error.type": error.code }),
    };
    this.#recorder.record({ of, trace, startedAt, endedAt, failed, attributes });
  }

  #templateAt(place: "call" | "attempt", address: Address | undefined): SpanTemplate {
    const templates = this.#templates[place];
    let template = templates.get(address);
    if (template === undefined) {
      if (templates.size >= maxAddresses) templates.clear();
      const peer = address === undefined ? undefined : { "server.address": address };
      template = new SpanTemplate(place, this.#caller, this.#name, { ...this.#rpc, ...peer });
      templates.set(address, template);
    }
    return template;
  }
}

function now(call: Outgoing): number {
  return call.parent.clock.now();
}
