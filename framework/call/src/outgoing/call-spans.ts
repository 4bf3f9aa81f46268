import { type KerfError, type Trace } from "@kerf/kernel";
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

/** A call whose spans are recorded, while it is under way. */
export interface RecordedCall {
  /** When it began, monotonic milliseconds; undefined once it is over, and of a second attempt beside the first. */
  startedAt: number | undefined;
  /** The span of the attempt under way, once it is not the call's own; what travels. */
  attempt: Trace | undefined;
  number: number;
  /** Whether the call has a span above its attempts. */
  isDivided: boolean;
  /** How the first attempt ended, if not well. */
  firstEnded: EndedAttempt | undefined;
}

const begun = { attempt: undefined, number: 1, firstEnded: undefined };

/** What belongs to a second attempt beside the first of a call that is divided. */
export function besideOf(): RecordedCall {
  return { ...begun, startedAt: undefined, isDivided: true };
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
    call.trace = (call.options.trace ?? call.parent.trace).child();
    call.recorded = { ...begun, startedAt: now(call), isDivided: false };
  }

  /** An attempt goes out to its instance: its span is what the callee sees above its own. */
  sent(call: Outgoing): void {
    const { attempt, recorded } = call;
    if (recorded === undefined || attempt === 1) return;
    this.divide(call);
    recorded.attempt = (call.trace as Trace).child();
    recorded.number = attempt;
  }

  /** There is a second attempt, or is about to be one beside the first. */
  divide(call: Outgoing): void {
    const { recorded, trace } = call;
    if (recorded === undefined || recorded.isDivided || trace === undefined) return;
    const whole = trace.sibling();
    const first = trace.below(whole);
    recorded.isDivided = true;
    call.trace = whole;
    if (recorded.firstEnded === undefined) recorded.attempt = first;
    else this.#attempt(first, recorded.firstEnded);
  }

  /** An attempt has ended. */
  settled(call: Outgoing, error: KerfError | undefined): void {
    const { address, attemptedAt: startedAt, recorded, settledAt: endedAt } = call;
    if (recorded === undefined) return;
    const { attempt, number } = recorded;
    if (attempt !== undefined) {
      recorded.attempt = undefined;
      this.#attempt(attempt, { number, address, startedAt, endedAt, error });
    } else if (error !== undefined)
      recorded.firstEnded = { number, address, startedAt, endedAt, error };
  }

  /** The call is over; told twice, it counts once. */
  left(call: Outgoing, error: KerfError | undefined): void {
    const { address, recorded, settledAt, trace } = call;
    const startedAt = recorded?.startedAt;
    if (recorded === undefined || startedAt === undefined || trace === undefined) return;
    recorded.startedAt = undefined;
    const { isDivided } = recorded;
    this.#recorder.record({
      of: this.#templateAt("call", isDivided ? undefined : address),
      trace,
      startedAt,
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
