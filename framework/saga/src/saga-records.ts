import { type Clock, newTrace, toKerfError, Trace } from "@kerf/kernel";
import {
  type Attributes,
  type Histogram,
  type Metrics,
  parseTraceparent,
  type Recorder,
  SpanTemplate,
  type TracingParts,
} from "@kerf/telemetry";
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

/** Most series and templates that are kept: names of steps are written by people, but may hold the number of a loop. */
const maxKept = 1_000;

/** Records the spans and metrics of the sagas of one service. */
export class SagaRecords {
  readonly #recorder: Recorder | undefined;
  readonly #metrics: Metrics | undefined;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #templates = new Map<string, SpanTemplate>();
  readonly #series = new Map<string, Histogram>();

  constructor({ metrics, recorder }: Omit<TracingParts, "sampler">, clock: Clock, service: string) {
    this.#recorder = recorder;
    this.#metrics = metrics;
    this.#clock = clock;
    this.#service = service;
  }

  /** A step is begun, or its undoing, in its span. */
  step(place: "step" | "undo", saga: SagaRow, step: string, trace: Trace): StepRecord {
    return new StepRecord(this, place, saga, step, trace, this.#clock.now());
  }

  /** A step is over. */
  stepEnded(record: StepRecord, failed: boolean, code: string | undefined): void {
    const { attempts, place, saga, startedAt, step, trace } = record;
    const endedAt = this.#clock.now();
    const name = place === "step" ? step : `undo ${step}`;
    this.#seriesOf(`${saga.name}/${name} ${code ?? ""}`, (metrics) =>
      metrics.histogram("kerf.saga.step.duration", this.#service, {
        "kerf.saga.name": saga.name,
        "kerf.saga.step": name,
        ...failure(code),
      }),
    )?.record(endedAt - startedAt, trace, endedAt);
    if (!trace.sampled) return;
    this.#recorder?.record({
      of: this.#templateOf(place, saga.name, step),
      trace,
      startedAt,
      endedAt,
      failed,
      attributes: {
        "kerf.saga.id": saga.id,
        ...(attempts > 1 && { "kerf.attempt": attempts }),
        ...failure(code),
      },
    });
  }

  /** A saga has come to its end, and that is durable. */
  ended(saga: SagaRow, trace: Trace, { code, state }: SagaOutcome): void {
    const now = this.#clock.now();
    // Ids begin with the time at which they were drawn (UUID version 7).
    const startedWall = Number.parseInt(saga.id.replace("-", "").slice(0, 12), 16);
    const tookMs = Math.max(0, this.#clock.wall() - startedWall);
    this.#seriesOf(`${saga.name} ${state}`, (metrics) =>
      metrics.histogram("kerf.saga.duration", this.#service, {
        "kerf.saga.name": saga.name,
        "kerf.saga.state": state,
      }),
    )?.record(tookMs, trace, now);
    if (!trace.sampled) return;
    this.#recorder?.record({
      of: this.#templateOf("saga", saga.name),
      trace,
      startedAt: now - tookMs,
      endedAt: now,
      failed: state !== "completed",
      attributes: { "kerf.saga.id": saga.id, "kerf.saga.state": state, ...failure(code) },
    });
  }

  #seriesOf(key: string, make: (metrics: Metrics) => Histogram): Histogram | undefined {
    let series = this.#series.get(key);
    if (series === undefined && this.#metrics !== undefined) {
      if (this.#series.size >= maxKept) this.#series.clear();
      series = make(this.#metrics);
      this.#series.set(key, series);
    }
    return series;
  }

  #templateOf(place: "saga" | "step" | "undo", saga: string, step?: string): SpanTemplate {
    const name = `${place} ${step === undefined ? saga : `${saga}/${step}`}`;
    let template = this.#templates.get(name);
    if (template === undefined) {
      const attributes = {
        "kerf.saga.name": saga,
        ...(step === undefined ? undefined : { "kerf.saga.step": step }),
      };
      if (this.#templates.size >= maxKept) this.#templates.clear();
      template = new SpanTemplate(place, this.#service, name, attributes);
      this.#templates.set(name, template);
    }
    return template;
  }
}

/** A step that is under way. */
export class StepRecord {
  /** Tries so far. */
  attempts = 0;
  readonly place: "step" | "undo";
  readonly saga: SagaRow;
  readonly step: string;
  readonly trace: Trace;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
  readonly #records: SagaRecords;

  constructor(
    records: SagaRecords,
    place: "step" | "undo",
    saga: SagaRow,
    step: string,
    trace: Trace,
    startedAt: number,
  ) {
    this.#records = records;
    this.place = place;
    this.saga = saga;
    this.step = step;
    this.trace = trace;
    this.startedAt = startedAt;
  }

  /** It is done; `declined`: the declared error that it was answered with. */
  done(declined?: string): void {
    this.#records.stepEnded(this, false, declined);
  }

  /** It was given up here. */
  failed(error: unknown): void {
    this.#records.stepEnded(this, true, toKerfError(error).code);
  }
}

function failure(code: string | undefined): Attributes {
  return code === undefined ? {} : { "error.type": code };
}
