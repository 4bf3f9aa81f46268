import { SharedTransaction } from "@kerf/data";
import type { LoggedEvent } from "@kerf/events";
import { type Clock, toKerfError, type Trace } from "@kerf/kernel";
import { continueTrace, type Recorder, SpanTemplate } from "@kerf/telemetry";

/** What is older when it arrives is read again or read late by a new consumer: its way would hide the rest of its trace, milliseconds. */
const longestWayMs = 3_600_000;

/** The spans of one consumer that follows one producer. */
export class EventSpans {
  readonly #recorder: Recorder | undefined;
  readonly #clock: Clock;
  readonly #service: string;
  readonly #producer: string;
  readonly #templates = new Map<string, ReturnType<typeof templatesOf>>();

  constructor(
    recorder: Recorder | undefined,
    { clock, name }: { readonly clock: Clock; readonly name: string },
    producer: string,
  ) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#service = name;
    this.#producer = producer;
  }

  /** Does the work of an event's handler, which is told its place in the trace of the command that the event goes back to. */
  async during(event: LoggedEvent, work: (trace: Trace) => Promise<void> | void): Promise<void> {
    const trace = continueTrace(event.trace);
    const recorder = trace.sampled ? this.#recorder : undefined;
    if (recorder === undefined) return work(trace);
    const startedAt = this.#clock.now();
    const { handled, received } = this.#templatesOf(event.name);
    const attributes = { "kerf.event.shard": event.shard, "kerf.event.id": event.id };
    const wayMs = this.#clock.wall() - Date.parse(event.at);
    const own = wayMs < longestWayMs ? trace.child() : trace;
    const record = (code: string | undefined): void => {
      if (own !== trace)
        recorder.record({
          of: received,
          trace,
          // Clocks of a database and of its clients differ.
          startedAt: startedAt - Math.max(0, wayMs),
          endedAt: startedAt,
          failed: false,
          attributes,
        });
      recorder.record({
        of: handled,
        trace: own,
        startedAt,
        endedAt: this.#clock.now(),
        failed: code !== undefined,
        attributes: code === undefined ? attributes : { ...attributes, "error.type": code },
      });
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
