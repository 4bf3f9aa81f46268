import { type Clock, newTrace, toKerfError, type Trace } from "@kerf/kernel";
import { type Attributes, SpanTemplate, type TracingParts } from "@kerf/telemetry";

/** Records the runs of what nobody calls: each is a trace of its own. */
export class OwnSpans<Place extends "worker" | "schedule"> {
  readonly #of: SpanTemplate<Place>;
  readonly #clock: Clock;
  readonly #tracing: TracingParts | undefined;

  constructor(
    place: Place,
    { clock, name: service }: { readonly clock: Clock; readonly name: string },
    name: string,
    attributes: Attributes,
    tracing: TracingParts | undefined,
  ) {
    this.#of = new SpanTemplate(place, service, `${place} ${name}`, attributes as never);
    this.#clock = clock;
    this.#tracing = tracing;
  }

  /** The trace of a new run. */
  begin(): Trace {
    return this.#tracing?.recorder === undefined ? newTrace() : this.#tracing.sampler.begin();
  }

  /** Does `work` as the run that `trace` is of. */
  async during<T>(trace: Trace, work: () => Promise<T> | T): Promise<T> {
    const recorder = trace.sampled ? this.#tracing?.recorder : undefined;
    if (recorder === undefined) return work();
    const startedAt = this.#clock.now();
    const record = (error: unknown): void =>
      recorder.record({
        of: this.#of,
        trace,
        startedAt,
        endedAt: this.#clock.now(),
        failed: error !== undefined,
        attributes: error === undefined ? undefined : { "error.type": toKerfError(error).code },
      });
    try {
      const result = await work();
      record(undefined);
      return result;
    } catch (error) {
      record(error ?? "nothing");
      throw error;
    }
  }
}
