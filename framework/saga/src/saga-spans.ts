import { type Clock, newTrace, toKerfError, Trace } from "@kerf/kernel";
import { type Attributes, parseTraceparent, type Recorder, SpanTemplate } from "@kerf/telemetry";
import type { SagaRow } from "./saga.ts";

/** How a saga came to its end. */
export interface SagaOutcome {
  readonly state: SagaRow["state"];
  /** Stable code of what it was undone for, or is stuck at. */
  readonly code: string | undefined;
}

/**
 * A saga's own span, below the command that started it. Its id follows from the saga's: whoever goes on with it, in whichever
 * process and when, puts the steps below the same span.
 */
export function sagaTrace({ id, trace }: Pick<SagaRow, "id" | "trace">): Trace {
  const started = parseTraceparent(trace) ?? newTrace();
  const { sampled, spanId: parentId, state, traceId } = started;
  const spanId = id.replaceAll("-", "").slice(16);
  return Trace.of({ traceId, spanId, parentId, sampled, state });
}

/** Records the spans of the sagas of one service. */
export class SagaSpans {
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #templates = new Map<string, SpanTemplate>();

  constructor(recorder: Recorder, clock: Clock, service: string) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#service = service;
  }

  /** A step is begun, or its undoing. */
  step(place: "step" | "undo", saga: SagaRow, step: string, trace: Trace): StepSpan {
    const of = this.#templateOf(place, saga.name, step);
    return new StepSpan(this.#recorder, this.#clock, of, saga.id, trace);
  }

  /** A saga has come to its end, and that is durable. */
  ended(saga: SagaRow, trace: Trace, { code, state }: SagaOutcome): void {
    const now = this.#clock.now();
    // Ids begin with the time at which they were drawn (UUID version 7).
    const startedWall = Number.parseInt(saga.id.replace("-", "").slice(0, 12), 16);
    const tookMs = Math.max(0, this.#clock.wall() - startedWall);
    this.#recorder.record({
      of: this.#templateOf("saga", saga.name),
      trace,
      startedAt: now - tookMs,
      endedAt: now,
      failed: state !== "completed",
      attributes: { "kerf.saga.id": saga.id, "kerf.saga.state": state, ...failure(code) },
    });
  }

  /** As many as there are steps in code. */
  #templateOf(place: "saga" | "step" | "undo", saga: string, step?: string): SpanTemplate {
    const name = `${place} ${step === undefined ? saga : `${saga}/${step}`}`;
    let template = this.#templates.get(name);
    if (template === undefined) {
      const attributes = {
        "kerf.saga.name": saga,
        ...(step === undefined ? undefined : { "kerf.saga.step": step }),
      };
      template = new SpanTemplate(place, this.#service, name, attributes);
      // Names of steps are written by people, but may hold the number of a loop.
      if (this.#templates.size >= 1_000) this.#templates.clear();
      this.#templates.set(name, template);
    }
    return template;
  }
}

/** A step that is under way. */
export class StepSpan {
  /** Tries so far. */
  attempts = 0;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #of: SpanTemplate;
  readonly #saga: string;
  readonly #trace: Trace;
  readonly #startedAt: number;

  // oxlint-disable-next-line max-params
  constructor(recorder: Recorder, clock: Clock, of: SpanTemplate, saga: string, trace: Trace) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#of = of;
    this.#saga = saga;
    this.#trace = trace;
    this.#startedAt = clock.now();
  }

  /** It is done; `declined`: the declared error that it was answered with. */
  done(declined?: string): void {
    this.#record(false, declined);
  }

  /** It was given up here. */
  failed(error: unknown): void {
    this.#record(true, toKerfError(error).code);
  }

  #record(failed: boolean, code: string | undefined): void {
    this.#recorder.record({
      of: this.#of,
      trace: this.#trace,
      startedAt: this.#startedAt,
      endedAt: this.#clock.now(),
      failed,
      attributes: {
        "kerf.saga.id": this.#saga,
        ...(this.attempts > 1 && { "kerf.attempt": this.attempts }),
        ...failure(code),
      },
    });
  }
}

function failure(code: string | undefined): Attributes {
  return code === undefined ? {} : { "error.type": code };
}
