import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, newTrace, seededRandom, type Trace } from "@kerf/kernel";
import { formatTraceparent, Recorder, Sampler, silentLogger, type Span } from "@kerf/telemetry";
import type { BrokerEntry, BrokerMessage } from "./broker.ts";
import type { LoggedEvent } from "./event.ts";
import { ReadSpans } from "./read-spans.ts";

/** Reads of the log of `orders`, of which this share is recorded. */
function readsAt(ratio: number) {
  const clock = new ManualClock();
  const spans: Span[] = [];
  const exporter = {
    add: (span: Span) => void spans.push(span),
    send: () => true,
    stop: () => Promise.resolve(),
  };
  const tracing = {
    sampler: new Sampler({ ratio, askedPerSecond: 0, clock, random: seededRandom(1) }),
    recorder: new Recorder({ clock, log: silentLogger, exporter }),
    metrics: undefined,
  };
  const reads = new ReadSpans(tracing, { clock, service: "mail", producer: "orders" });
  return { clock, reads, spans };
}

function eventOf(shard: number, id: number, trace: Trace): LoggedEvent {
  return {
    id: String(id),
    shard,
    name: "placed",
    key: "k",
    version: 1,
    payload: { trace: "none" },
    trace: formatTraceparent(trace),
    principal: null,
    at: "2026-01-01T00:00:00Z",
  };
}

function entryOf(event: LoggedEvent, position: bigint): BrokerEntry {
  const { id, shard } = event;
  return { log: "l", shard, id, previous: "0", event: JSON.stringify(event), position };
}

function messageOf(event: LoggedEvent): BrokerMessage {
  const { position: _, ...message } = entryOf(event, 0n);
  return { ...message, key: event.key };
}

const whole = { log: "l", head: "9", more: false };

test("a read says from where to where it read, and leads to who emitted what it brought", async () => {
  const { clock, reads, spans } = readsAt(1);
  const [one, other] = [newTrace(true), newTrace(true)];
  const events = [
    eventOf(3, 5, one),
    eventOf(1, 6, one.child()),
    eventOf(3, 8, newTrace(false)),
    eventOf(1, 9, other),
  ];
  await clock.advance(1_000);
  reads.page({ ...whole, events, waitedMs: 900 }, 0);
  const [read] = spans;
  assert.deepEqual(
    [read?.of.name, read?.of.kind, read?.of.service],
    ["read orders", "client", "mail"],
  );
  assert.deepEqual([read?.startedAt, read?.endedAt], [900, 1_000]);
  assert.equal(read?.trace.parentId, undefined);
  assert.deepEqual(read?.attributes, {
    "kerf.event.source": "log",
    "kerf.event.count": 4,
    "kerf.event.first": "1:6 3:5",
    "kerf.event.last": "1:9 3:8",
  });
  const ids = ({ spanId, traceId }: Trace): string => `${traceId} ${spanId}`;
  assert.deepEqual(read?.links?.map(ids), [one, other].map(ids));
});

test("through a broker its own numbers stand beside them, without what it gave twice", () => {
  const { reads, spans } = readsAt(1);
  const events = [eventOf(2, 7, newTrace(true)), eventOf(2, 8, newTrace(true))];
  const taken = events.map((event, at) => entryOf(event, BigInt(at) + 40n));
  const old = entryOf(eventOf(2, 6, newTrace(true)), 39n);
  const again = entryOf(events[1] as LoggedEvent, 42n);
  const through = { destination: "nats://here/kerf", entries: [old, ...taken, again] };
  reads.page({ ...whole, events, through }, 0);
  assert.deepEqual(spans[0]?.attributes, {
    "kerf.event.source": "nats://here/kerf",
    "kerf.event.count": 2,
    "kerf.event.first": "2:7",
    "kerf.event.last": "2:8",
    "kerf.event.first_offset": "2:40",
    "kerf.event.last_offset": "2:41",
    "kerf.event.bytes": taken.reduce((sum, { event }) => sum + event.length, 0),
  });
});

test("a relay's reads say how much they brought, and lead to 32 traces at most", () => {
  const { reads, spans } = readsAt(1);
  const traces = Array.from({ length: 200 }, () => newTrace(true));
  const messages = traces.map((trace, at) => messageOf(eventOf(at % 2, at + 1, trace)));
  reads.messages(messages, 0);
  const given: Record<string, unknown> = spans[0]?.attributes ?? {};
  const { "kerf.event.bytes": bytes, ...said } = given;
  assert.deepEqual(said, {
    "kerf.event.source": "log",
    "kerf.event.count": 200,
    "kerf.event.first": "0:1 1:2",
    "kerf.event.last": "0:199 1:200",
  });
  assert.equal(
    bytes,
    messages.reduce((sum, { event }) => sum + event.length, 0),
  );
  assert.deepEqual(
    spans[0]?.links?.map(({ traceId }) => traceId),
    traces.slice(0, 32).map(({ traceId }) => traceId),
  );
});

test("what brought nothing, and what nobody records, leaves no span and looks at no event", () => {
  const recorded = readsAt(1);
  recorded.reads.page({ ...whole, events: [] }, 0);
  recorded.reads.messages([], 0);
  const unrecorded = readsAt(0);
  const unread = new Proxy({} as LoggedEvent & BrokerMessage, {
    get: () => assert.fail("an event was looked at"),
  });
  unrecorded.reads.page({ ...whole, events: [unread] }, 0);
  unrecorded.reads.messages([unread], 0);
  assert.deepEqual([recorded.spans, unrecorded.spans], [[], []]);
});
