import { type CallContext, type Clock, redactError, redactText, toKerfError } from "@kerf/kernel";
import type { AnyAttributes, Hidden, OwnTemplate, SpanEvent, TracingParts } from "@kerf/telemetry";
import { withoutHidden } from "../opentelemetry/recorded-span.ts";

/** Names of spans that are kept for use again: authors write few, and one that is put together has no end of them. */
const maxTemplates = 1_000;
/** Longest name and text of an exception, characters. */
const maxText = 1_024;

/** What the work of a span is given to go on with: everything that hangs below the span goes through it. */
export type SpanWork<Part, T> = (part: Part) => Promise<T> | T;

/** Records the spans that the handlers and workers of one service make by `span(…)`. */
export class AuthorSpans {
  readonly #clock: Clock;
  readonly #service: string;
  readonly #tracing: TracingParts | undefined;
  readonly #templates = new Map<string, OwnTemplate>();

  constructor(service: string, clock: Clock, tracing: TracingParts | undefined) {
    this.#service = service;
    this.#clock = clock;
    this.#tracing = tracing;
  }

  /** Does `work` as a span below that of `context`; where nothing is recorded it is done and nothing else. */
  async during<T>(
    { context, hidden }: { readonly context: CallContext; readonly hidden: () => Hidden },
    name: string,
    attributes: AnyAttributes,
    work: (context: CallContext) => Promise<T> | T,
  ): Promise<T> {
    const recorder = context.sampled ? this.#tracing?.recorder : undefined;
    if (recorder === undefined) return work(context);
    const startedAt = this.#clock.now();
    const part = context.part(context.trace.child());
    const scope = this.#tracing?.scope;
    const record = (error?: string, events?: SpanEvent[]): void => {
      const asked = hidden();
      recorder.record({
        of: this.#templateOf(redactText(name, asked.values)),
        trace: part.trace,
        startedAt,
        endedAt: this.#clock.now(),
        failed: error !== undefined,
        attributes: withoutHidden(
          error === undefined ? attributes : { ...attributes, "error.type": error },
          asked,
        ),
        events,
      });
    };
    try {
      const place = { trace: part.trace, service: this.#service, hidden };
      const answer = await (scope?.isUsed === true
        ? scope.run(place, () => work(part))
        : work(part));
      record();
      return answer;
    } catch (thrown) {
      const error = redactError(thrown, hidden().values);
      record(toKerfError(error).code, [exceptionOf(error, this.#clock.now())]);
      throw thrown;
    } finally {
      part.release();
    }
  }

  #templateOf(name: string): OwnTemplate {
    const known = this.#templates.get(name);
    if (known !== undefined) return known;
    if (this.#templates.size >= maxTemplates) this.#templates.clear();
    const template: OwnTemplate = {
      kind: "internal",
      service: this.#service,
      name: name.slice(0, maxText),
      attributes: {},
    };
    this.#templates.set(name, template);
    return template;
  }
}

function exceptionOf(thrown: unknown, at: number): SpanEvent {
  const { message, name } =
    thrown instanceof Error ? thrown : { message: String(thrown), name: typeof thrown };
  return {
    name: "exception",
    at,
    attributes: { "exception.type": name, "exception.message": message.slice(0, maxText) },
  };
}
