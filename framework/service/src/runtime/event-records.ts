import { SharedTransaction } from "@kerf/data";
import type { LoggedEvent } from "@kerf/events";
import { type Clock, toKerfError, type Trace } from "@kerf/kernel";
import {
  continueTrace,
  type Histogram,
  type Metrics,
  type Recorder,
  SpanTemplate,
  type TracingParts,
} from "@kerf/telemetry";

/** What is older when it arrives is read again or read late by a new consumer: its way would hide the rest of its trace, milliseconds. */
const longestWayMs = 3_600_000;

/** The spans and metrics of one consumer that follows one producer. */
export class EventRecords {
  readonly #recorder: Recorder | undefined;
  readonly #metrics: Metrics | undefined;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #producer: string;
  readonly #templates = new Map<string, ReturnType<typeof templatesOf>>();
  readonly #series = new Map<string, Histogram>();

  constructor(
    tracing: Omit<TracingParts, "sampler"> | undefined,
    { clock, name }: { readonly clock: Clock; readonly name: string },
    producer: string,
  ) {
    this.#recorder = tracing?.recorder;
    this.#metrics = tracing?.metrics;
    this.#clock = clock;
    this.#service = name;
    this.#producer = producer;
  }

  /** Does the work of an event's handler, which is told its place in the trace of the command that the event goes back to. */
  async during(event: LoggedEvent, work: (trace: Trace) => Promise<void> | void): Promise<void> {
    const trace = continueTrace(event.trace);
    const isRecorded = trace.sampled && this.#recorder !== undefined;
    if (!isRecorded && this.#metrics === undefined) return work(trace);
    const startedAt = this.#clock.now();
    // Clocks of a database and of its clients differ.
    const wayMs = Math.max(0, this.#clock.wall() - Date.parse(event.at));
    const own = isRecorded && wayMs < longestWayMs ? trace.child() : trace;
    const way = own === trace ? undefined : { trace, ms: wayMs };
    if (wayMs < longestWayMs) this.#lagOf(event.name)?.record(wayMs, way?.trace, startedAt);
    const record = (code: string | undefined): void => {
      const endedAt = this.#clock.now();
      this.#handledOf(event.name, code)?.record(endedAt - startedAt, own, endedAt);
      if (isRecorded) this.#record(event, own, way, startedAt, endedAt, code);
    };
    try {
      await work(own);
      record(undefined);
    } catch (error) {
      // It is done again, by itself.
      if (!(error instanceof SharedTransaction)) record(toKerfError(error).code);
      throw error;
    }
  }

  #record(
    event: LoggedEvent,
    trace: Trace,
    way: { readonly trace: Trace; readonly ms: number } | undefined,
    startedAt: number,
    endedAt: number,
    code: string | undefined,
  ): void {
    const { handled, received } = this.#templatesOf(event.name);
    const place = { "kerf.event.shard": event.shard, "kerf.event.id": event.id };
    const span = { failed: false, attributes: place };
    if (way !== undefined)
      this.#recorder?.record({
        ...span,
        of: received,
        trace: way.trace,
        startedAt: startedAt - way.ms,
        endedAt: startedAt,
      });
    const ended = { ...span, of: handled, trace, startedAt, endedAt };
    this.#recorder?.record(
      code === undefined
        ? ended
        : { ...ended, failed: true, attributes: { ...place, "error.type": code } },
    );
  }

  #lagOf(event: string): Histogram | undefined {
    return this.#seriesOf("kerf.event.lag", event, event);
  }

  #handledOf(event: string, code: string | undefined): Histogram | undefined {
    const key = `${event} handled${code === undefined ? "" : ` ${code}`}`;
    return this.#seriesOf("kerf.event.handled.duration", event, key, code);
  }

  /** As many as the contract has events, and failures codes. */
  #seriesOf(
    metric: "kerf.event.lag" | "kerf.event.handled.duration",
    event: string,
    key: string,
    code?: string,
  ): Histogram | undefined {
    let series = this.#series.get(key);
    if (series === undefined && this.#metrics !== undefined) {
      series = this.#metrics.histogram(metric, this.#service, {
        "kerf.event.producer": this.#producer,
        "kerf.event.name": event,
        ...(code === undefined ? undefined : { "error.type": code }),
      } as object);
      this.#series.set(key, series);
    }
    return series;
  }

  #templatesOf(event: string): ReturnType<typeof templatesOf> {
    let templates = this.#templates.get(event);
    if (templates === undefined) {
      templates = templatesOf(this.#service, this.#producer, event);
      this.#templates.set(event, templates);
    }
    return templates;
  }
}

function templatesOf(service: string, producer: string, event: string) {
  const attributes = { "kerf.event.producer": producer, "kerf.event.name": event };
  const name = `${producer}.${event}`;
  return {
    received: new SpanTemplate("received", service, `receive ${name}`, attributes),
    handled: new SpanTemplate("handled", service, `process ${name}`, attributes),
  };
}
