import type { Clock, Trace } from "@kerf/kernel";
import {
  type AttributesAt,
  parseTraceparent,
  SpanTemplate,
  type TracingParts,
} from "@kerf/telemetry";
import type { BrokerEntry, BrokerMessage } from "./broker.ts";
import type { ReadPage } from "./consumers/consumer.ts";

/**
 * Traces that one read names at most. Ours: a page may hold a thousand events, and who looks for one of them finds the read by its
 * position too. OpenTelemetry's SDKs keep 128 links.
 */
const mostLinks = 32;

type ReadAttributes = AttributesAt<"read">;

/**
 * The spans of reading one log, each a trace of its own with links to those of the events that it brought: one read brings events of many
 * traces, and belongs to none. What nobody records costs the decision, and nothing an event.
 */
export class ReadSpans {
  readonly #tracing: TracingParts | undefined;
  readonly #clock: Clock;
  readonly #of: SpanTemplate<"read">;

  /** Of the reads that `service` makes of the log of `producer`. */
  constructor(
    tracing: TracingParts | undefined,
    of: { readonly clock: Clock; readonly service: string; readonly producer: string },
  ) {
    this.#tracing = tracing;
    this.#clock = of.clock;
    this.#of = new SpanTemplate("read", of.service, `read ${of.producer}`, {
      "kerf.event.producer": of.producer,
    });
  }

  /** A consumer asked at that moment, monotonic milliseconds, and has this page now. One without events leaves no span. */
  page({ events, through, waitedMs = 0 }: ReadPage, askedAt: number): void {
    const trace = events.length === 0 ? undefined : this.#begin();
    if (trace === undefined) return;
    const taken = through && takenOf(through.entries, events);
    this.#record(trace, askedAt + waitedMs, traceparentsOf(events), {
      "kerf.event.source": through?.destination ?? "log",
      "kerf.event.count": events.length,
      ...idsOf(events),
      ...(taken && offsetsOf(taken)),
      ...(taken && { "kerf.event.bytes": bytesOf(taken) }),
    });
  }

  /** A relay looked at that moment, monotonic milliseconds, and has these messages now. */
  messages(messages: readonly BrokerMessage[], lookedAt: number): void {
    const trace = messages.length === 0 ? undefined : this.#begin();
    if (trace === undefined) return;
    this.#record(trace, lookedAt, traceparentsIn(messages), {
      "kerf.event.source": "log",
      "kerf.event.count": messages.length,
      ...idsOf(messages),
      "kerf.event.bytes": bytesOf(messages),
    });
  }

  /** The trace of a new read; undefined when nobody records it. */
  #begin(): Trace | undefined {
    if (this.#tracing?.recorder === undefined) return undefined;
    const trace = this.#tracing.sampler.begin();
    return trace.sampled ? trace : undefined;
  }

  #record(
    trace: Trace,
    startedAt: number,
    traceparents: Iterable<string>,
    attributes: ReadAttributes,
  ): void {
    const endedAt = this.#clock.now();
    this.#tracing?.recorder?.record({
      of: this.#of,
      trace,
      // Another program's clock may run faster than ours.
      startedAt: Math.min(startedAt, endedAt),
      endedAt,
      failed: false,
      attributes,
      links: linksTo(traceparents),
    });
  }
}

/** The spans that emitted the events, of so many traces at most; those that nobody recorded lead nowhere. */
function linksTo(traceparents: Iterable<string>): Trace[] {
  const links = new Map<string, Trace>();
  for (const traceparent of traceparents) {
    const link = parseTraceparent(traceparent);
    if (link?.sampled === true && !links.has(link.traceId)) links.set(link.traceId, link);
    if (links.size === mostLinks) break;
  }
  return [...links.values()];
}

function* traceparentsOf(events: ReadPage["events"]): Iterable<string> {
  for (const { trace } of events) yield trace;
}

/** A relay has events as text, which it does not look into otherwise. */
function* traceparentsIn(messages: readonly BrokerMessage[]): Iterable<string> {
  // As many as can be links, whether somebody recorded them or not: a text is long to read.
  for (const { event } of messages.slice(0, mostLinks))
    yield (JSON.parse(event) as { trace: string }).trace;
}

/** From where to where: by shard, the first and the last id. */
function idsOf(events: readonly { readonly shard: number; readonly id: string }[]): ReadAttributes {
  const first = new Map<number, string>();
  const last = new Map<number, string>();
  for (const { id, shard } of events) {
    if (!first.has(shard)) first.set(shard, id);
    last.set(shard, id);
  }
  return { "kerf.event.first": placesText(first), "kerf.event.last": placesText(last) };
}

/** The same as the broker numbers its messages. */
function offsetsOf(entries: readonly BrokerEntry[]): ReadAttributes {
  const first = new Map<number, bigint>();
  const last = new Map<number, bigint>();
  for (const { position, shard } of entries) {
    if (!first.has(shard)) first.set(shard, position);
    last.set(shard, position);
  }
  return {
    "kerf.event.first_offset": placesText(first),
    "kerf.event.last_offset": placesText(last),
  };
}

function placesText(places: ReadonlyMap<number, string | bigint>): string {
  const sorted = [...places].toSorted(([one], [other]) => one - other);
  return sorted.map(([shard, place]) => `${shard}:${place}`).join(" ");
}

/** The entries that these events came in; what the broker gave twice is left out. */
function takenOf(entries: readonly BrokerEntry[], events: ReadPage["events"]): BrokerEntry[] {
  const wanted = new Set(events.map(({ id, shard }) => `${shard}:${id}`));
  return entries.filter(({ id, shard }) => wanted.delete(`${shard}:${id}`));
}

function bytesOf(messages: readonly { readonly event: string }[]): number {
  return messages.reduce((sum, { event }) => sum + Buffer.byteLength(event), 0);
}
