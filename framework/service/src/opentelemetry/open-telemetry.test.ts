import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import * as api from "@opentelemetry/api";
import { ManualClock, newTrace, seededRandom, Trace } from "@kerf/kernel";
import {
  Metrics,
  type MetricExporter,
  Recorder,
  Sampler,
  silentLogger as log,
  type Span,
} from "@kerf/telemetry";
import { handlerInScope } from "../runtime/in-scope.ts";
import { OpenTelemetryBridge } from "./open-telemetry.ts";

const clock = new ManualClock();
const spans: Span[] = [];
/** What was delivered, by name and attributes. */
const delivered = new Map<string, unknown>();
const recorder = new Recorder({
  clock,
  log,
  exporter: { add: (span) => void spans.push(span), send: () => true, stop: async () => {} },
});
const exporter: MetricExporter = {
  sendMetrics(series) {
    for (const { attributes, instrument, name, service, unit } of series) {
      const value = "counts" in instrument ? [...instrument.counts] : instrument.value;
      delivered.set(`${service} ${name} ${unit} ${JSON.stringify(attributes)}`, value);
    }
  },
};
const metrics = new Metrics({ clock, log, exporter });
const sampler = new Sampler({ ratio: 1, askedPerSecond: 0, clock, random: seededRandom(1) });

// The API is one for the whole process, as it is in a program.
let bridge: OpenTelemetryBridge;
const isUsedAtFirst: boolean[] = [];
before(() => {
  bridge = new OpenTelemetryBridge(api);
  isUsedAtFirst.push(bridge.isUsed);
});

const place = (sampled = true) => ({
  trace: Trace.begin(sampled ? 1 : 0),
  service: "orders",
  hidden: () => ({ names: new Set(["card"]), values: ["4111 1111"] }),
});

test("where nobody can ask, a handler is the handler itself; where nobody asks, it is called as it is", () => {
  const handler = (args: unknown) => args;
  assert.equal(
    handlerInScope({ name: "orders", scope: undefined } as never, handler, false),
    handler,
  );
  let runs = 0;
  const scope = { isUsed: false, run: <T>(_: unknown, work: () => T): T => (runs++, work()) };
  const called = handlerInScope({ name: "orders", scope } as never, handler, false);
  const args = { context: { trace: Trace.begin(1) } };
  assert.equal(called(args), args);
  assert.equal(runs, 0);
});

test("nothing is recorded before it is known where to, and nobody counts as asking who did not", () => {
  assert.deepEqual(isUsedAtFirst, [false]);
  const early = api.trace.getTracer("early").startSpan("early");
  early.end();
  assert.deepEqual([early.isRecording(), spans.length, bridge.isUsed], [false, 0, true]);
  bridge.connect({ clock, tracing: { recorder, metrics, sampler }, unit: "main" });
});

test("spans are children of ours across everything asynchronous, without what is hidden; errors, times and events are theirs", async () => {
  spans.length = 0;
  const at = place();
  const tracer = api.trace.getTracer("a library");
  await bridge.run(at, async () => {
    await turn();
    await tracer.startActiveSpan(
      "outer 4111 1111",
      { kind: api.SpanKind.CLIENT },
      async (outer) => {
        await clock.advance(5);
        const inner = tracer.startSpan("inner", {
          attributes: { list: ["a", "4111 1111"], ok: true },
        });
        inner.setAttributes({ card: "anything", n: -1 });
        inner.recordException(new TypeError("no 4111 1111"));
        inner.setStatus({ code: api.SpanStatusCode.ERROR, message: "4111 1111 failed" });
        await clock.advance(7);
        inner.end();
        inner.setAttribute("late", 1);
        inner.end();
        outer.end();
      },
    );
  });
  const [inner, outer] = spans;
  assert.deepEqual(
    [outer?.of.name, outer?.of.kind, outer?.of.service, outer?.failed],
    ["outer [redacted]", "client", "orders", false],
  );
  assert.equal(outer?.trace.parentId, at.trace.spanId);
  assert.equal(inner?.trace.parentId, outer?.trace.spanId);
  assert.equal(inner?.trace.traceId, at.trace.traceId);
  assert.deepEqual(inner?.attributes, {
    list: ["a", "[redacted]"],
    ok: true,
    card: "[redacted]",
    n: -1,
  });
  assert.deepEqual([inner?.failed, inner?.message], [true, "[redacted] failed"]);
  assert.deepEqual(inner?.events?.[0]?.attributes, {
    "exception.type": "TypeError",
    "exception.message": "no [redacted]",
  });
  assert.equal((inner?.endedAt ?? 0) - (inner?.startedAt ?? 0), 7);
  assert.equal(spans.length, 2);
});

test("a trace that is not recorded makes no span, and what is sent on says so; what comes from elsewhere goes on", () => {
  spans.length = 0;
  const at = place(false);
  const carrier: Record<string, string> = {};
  bridge.run(at, () => {
    const span = api.trace.getTracer("a library").startSpan("quiet");
    assert.equal(span.isRecording(), false);
    api.propagation.inject(api.context.active(), carrier);
    span.end();
  });
  assert.equal(carrier["traceparent"], `00-${at.trace.traceId}-${at.trace.spanId}-00`);
  assert.equal(spans.length, 0);
  const from = { traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
  const context = api.propagation.extract(api.ROOT_CONTEXT, from);
  api.trace.getTracer("a library").startSpan("beyond", {}, context).end();
  assert.deepEqual([spans[0]?.trace.traceId, spans[0]?.of.service], ["a".repeat(32), "main"]);
});

test("what a span may have is bounded", () => {
  spans.length = 0;
  const { spanId, traceId } = newTrace();
  const context = { traceId, spanId, traceFlags: 1 };
  const nobody = { traceId: "0", spanId: "", traceFlags: 0 };
  const links = [{ context }, { context: nobody }];
  const span = api.trace.getTracer("a library").startSpan("large", { links });
  for (let n = 0; n < 500; n++) span.setAttribute(`a${n}`, "x".repeat(10_000)).addEvent(`e${n}`);
  span.addLinks(Array.from({ length: 500 }, () => ({ context })));
  span.end();
  const values = Object.values(spans[0]?.attributes ?? {}) as string[];
  assert.deepEqual([values.length, values[0]?.length, spans[0]?.events?.length], [128, 4_096, 128]);
  const kept = spans[0]?.links?.map((link) => [link.traceId, link.spanId]);
  assert.deepEqual(
    kept,
    Array.from({ length: 128 }, () => [traceId, spanId]),
  );
});

test("metrics of every kind arrive as what came since, or as what is", () => {
  const meter = api.metrics.getMeter("a library");
  const counter = meter.createCounter("sent", { unit: "By" });
  const sizes = meter.createHistogram("sizes", { advice: { explicitBucketBoundaries: [10, 100] } });
  const open = meter.createUpDownCounter("open");
  let total = 5;
  meter
    .createObservableCounter("seen")
    .addCallback((result) => result.observe(total, { by: "all" }));
  const depth = meter.createObservableGauge("depth");
  meter.addBatchObservableCallback((result) => result.observe(depth, 3), [depth]);
  meter.createObservableGauge("broken").addCallback(() => {
    throw new Error("its author's");
  });
  const at = place();
  const measure = (): void =>
    bridge.run(at, () => {
      counter.add(7, { card: "4111", on: true });
      counter.add(-1);
      sizes.record(50);
      sizes.record(500);
      open.add(2);
    });
  measure();
  metrics.flush();
  assert.deepEqual(Object.fromEntries(delivered), {
    'orders sent By {"card":"[redacted]","on":"true"}': 7,
    "orders sizes 1 {}": [0, 1, 1],
    "orders open 1 {}": 2,
    'main seen 1 {"by":"all"}': 5,
    "main depth 1 {}": 3,
  });
  delivered.clear();
  measure();
  total = 9;
  metrics.flush();
  assert.equal(delivered.get('orders sent By {"card":"[redacted]","on":"true"}'), 7);
  assert.equal(delivered.get("orders open 1 {}"), 4);
  assert.equal(delivered.get('main seen 1 {"by":"all"}'), 4);
});
