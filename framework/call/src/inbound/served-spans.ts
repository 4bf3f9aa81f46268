import { type Clock, type KerfError, type Trace } from "@kerf/kernel";
import { type Recorder, type SpanEvent, SpanTemplate } from "@kerf/telemetry";
import type { Incoming } from "../transport.ts";

/** Most callers whose templates are kept for one operation; names of callers that are refused come from outside. */
const maxCallers = 256;
/** Longest text of an exception, characters. */
const maxMessage = 1_024;

/** A call that is being served, as its span will tell it. */
export interface ServedSpan {
  readonly trace: Trace;
  readonly startedAt: number;
  /** What its handler threw, if that is a failure of ours. */
  thrown: unknown;
}

/** Records the spans of one operation's calls where they are served. */
export class ServedSpans {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #operation: string;
  readonly #callers = new Map<string, SpanTemplate<"served">>();

  constructor(recorder: Recorder, clock: Clock, service: string, operation: string) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#service = service;
    this.#operation = operation;
  }

  /** The call has arrived: what its handler does and calls is below the new span. */
  begin({ context, trace }: Incoming): ServedSpan {
    const own = (trace ?? context.trace).child();
    context.enterSpan(own);
    return { trace: own, startedAt: this.#clock.now(), thrown: undefined };
  }

  /** It was answered. `failed`: whether that counts against the service. */
  end(span: ServedSpan, caller: string, error: KerfError | undefined, failed: boolean): void {
    const endedAt = this.#clock.now();
    this.#recorder.record({
      of: this.#calledBy(caller),
      trace: span.trace,
      startedAt: span.startedAt,
      endedAt,
      failed,
      attributes: error === undefined ? undefined : { "error.type": error.code },
      events: span.thrown === undefined ? undefined : [exception(span.thrown, endedAt)],
    });
  }

  #calledBy(caller: string): SpanTemplate<"served"> {
    let template = this.#callers.get(caller);
    if (template === undefined) {
      if (this.#callers.size >= maxCallers) this.#callers.clear();
      template = new SpanTemplate("served", this.#service, `${this.#service}/${this.#operation}`, {
        "rpc.system": "kerf",
        "rpc.service": this.#service,
        "rpc.method": this.#operation,
        "kerf.caller": caller,
      });
      this.#callers.set(caller, template);
    }
    return template;
  }
}

function exception(thrown: unknown, at: number): SpanEvent {
  const { name, message } = thrown instanceof Error ? thrown : { name: "", message: thrown };
  const attributes = { "exception.type": textOf(name), "exception.message": textOf(message) };
  return { name: "exception", at, attributes };
}

/** Handlers may throw anything, and errors may hold anything: none of it may fail the answer. */
function textOf(value: unknown): string {
  try {
    return String(value).slice(0, maxMessage);
  } catch {
    return "(it cannot be shown)";
  }
}
