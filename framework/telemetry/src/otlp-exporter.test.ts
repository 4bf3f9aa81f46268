import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Clock, newTrace, systemClock, type Timer, Trace } from "@kerf/kernel";
import { Logger, silentLogger } from "./logger.ts";
import { Metrics } from "./metrics/metrics.ts";
import { OtlpExporter } from "./otlp-exporter.ts";
import { type Span, SpanTemplate } from "./span.ts";
import { attributesOf, OtlpSink, partialSuccess, type SinkAnswer } from "./testing/index.ts";

const resource = { app: "shop", environment: "test", unit: "main", instance: "main-1" };
const call = new SpanTemplate("call", "orders", "prices/quote", {
  "rpc.system": "kerf",
  "rpc.service": "prices",
});
const served = new SpanTemplate("served", "prices", "prices/quote", {});
const epochMs = 1_700_000_000_000;
/** Of one request, and of stopping; no pause has this length. */
const boundMs = 10_000;

function span(fields: Partial<Span> = {}): Span {
  return {
    of: call,
    trace: newTrace(true),
    startedAt: 1.25,
    endedAt: 2.5,
    failed: false,
    attributes: undefined,
    ...fields,
  };
}

function send(exporter: OtlpExporter, ...spans: Span[]): boolean {
  for (const one of spans) exporter.add(one, epochMs);
  return exporter.send();
}

/** Real time for bounds; pauses are over at once, and their lengths noted. */
function hurried(): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  const after = (ms: number, fn: () => void): Timer => {
    if (ms === boundMs) return systemClock.after(ms, fn);
    pauses.push(ms);
    return systemClock.after(0, fn);
  };
  return { clock: { ...systemClock, after }, pauses };
}

async function exporterTo(t: TestContext, ...answers: SinkAnswer[]) {
  const sink = await OtlpSink.listen();
  t.after(() => sink.close());
  sink.answers.push(...answers);
  const lines: string[] = [];
  const lost: number[] = [];
  const { clock, pauses } = hurried();
  const exporter = new OtlpExporter({
    endpoints: [`${sink.endpoint}/`],
    resource,
    clock,
    random: { next: () => 0.5 },
    log: new Logger({ level: "warn", sink: (line) => lines.push(line) }),
    lost: (spans) => lost.push(spans),
  });
  return { sink, exporter, lines, lost, pauses };
}

test("spans arrive as OTLP, each service under its own resource", async (t) => {
  const { sink, exporter } = await exporterTo(t);
  const parent = newTrace(true);
  const { traceId, spanId: parentId } = parent;
  const trace = Trace.of({
    traceId,
    spanId: "b".repeat(16),
    parentId,
    sampled: true,
    state: 'v="1"',
  });
  const spans = [
    span({ trace: parent }),
    span({
      of: served,
      trace,
      failed: true,
      attributes: { "error.type": 'in"ternal', "kerf.attempt": 2 },
      events: [{ name: "exception", at: 2, attributes: { "exception.message": "line\nline" } }],
    }),
  ];
  assert.ok(send(exporter, ...spans));
  await sink.until(({ requests }) => requests.length === 1);
  await exporter.stop(boundMs);
  const [request] = sink.requests;
  assert.equal(request?.path, "/v1/traces");
  assert.equal(request?.headers["content-type"], "application/x-protobuf");
  const [first, second] = request?.body.resourceSpans ?? [];
  assert.deepEqual(attributesOf(first?.resource ?? { attributes: [] }), {
    "service.name": "orders",
    "service.namespace": "shop",
    "service.instance.id": "main-1",
    "deployment.environment.name": "test",
    "kerf.unit": "main",
  });
  assert.deepEqual(first?.scopeSpans, [
    {
      scope: { name: "kerf" },
      spans: [
        {
          name: "prices/quote",
          kind: 3,
          traceId: parent.traceId,
          spanId: parent.spanId,
          startTimeUnixNano: "1700000000001250000",
          endTimeUnixNano: "1700000000002500000",
          attributes: [
            { key: "rpc.system", value: { stringValue: "kerf" } },
            { key: "rpc.service", value: { stringValue: "prices" } },
          ],
        },
      ],
    },
  ]);
  const [own] = second?.scopeSpans[0]?.spans ?? [];
  assert.deepEqual(own, {
    name: "prices/quote",
    kind: 2,
    traceId: parent.traceId,
    spanId: "b".repeat(16),
    parentSpanId: parent.spanId,
    startTimeUnixNano: "1700000000001250000",
    endTimeUnixNano: "1700000000002500000",
    attributes: [
      { key: "error.type", value: { stringValue: 'in"ternal' } },
      { key: "kerf.attempt", value: { intValue: "2" } },
    ],
    events: [
      {
        timeUnixNano: "1700000000002000000",
        name: "exception",
        attributes: [{ key: "exception.message", value: { stringValue: "line\nline" } }],
      },
    ],
    traceState: 'v="1"',
    status: { code: 2 },
  });
});

test("a backend that is busy is asked again, later and later, and as late as it says", async (t) => {
  const { sink, exporter, lost, pauses } = await exporterTo(
    t,
    { status: 503 },
    { status: 429, headers: { "retry-after": "9" } },
  );
  send(exporter, span());
  await sink.until(({ requests }) => requests.length === 3);
  assert.deepEqual(pauses, [1_000, 9_000]);
  await exporter.stop(boundMs);
  assert.deepEqual(lost, []);
});

test("what it refuses, or takes in part, is lost with a line in the log", async (t) => {
  const { sink, exporter, lines, lost } = await exporterTo(
    t,
    { status: 400 },
    { status: 200, body: partialSuccess(2, "too old") },
  );
  send(exporter, span());
  send(exporter, span(), span(), span());
  await sink.until(({ requests }) => requests.length === 2);
  await exporter.stop(boundMs);
  assert.deepEqual(lost, [1, 2]);
  assert.match(lines.join("\n"), /could not be sent to .*: it answers 400[^]*in part.*too old/);
});

test("a backend that is away costs five attempts, four batches of memory, and no more", async () => {
  const lines: string[] = [];
  let lost = 0;
  const given = Promise.withResolvers<void>();
  const { clock, pauses } = hurried();
  const exporter = new OtlpExporter({
    // Nothing listens there: port 1 is reserved.
    endpoints: ["http://127.0.0.1:1"],
    resource,
    clock,
    random: { next: () => 0.5 },
    log: new Logger({ level: "warn", sink: (line) => lines.push(line) }),
    lost: (spans) => {
      lost += spans;
      if (lost >= 5) given.resolve();
    },
  });
  const taken = Array.from({ length: 12 }, () => send(exporter, span()));
  // The first is on its way already.
  assert.deepEqual(taken.filter(Boolean).length, 5);
  await given.promise;
  assert.equal(lost, 5);
  assert.deepEqual(pauses.slice(0, 4), [1_000, 2_000, 4_000, 8_000]);
  assert.match(lines[0] ?? "", /ECONNREFUSED/);
  await exporter.stop(boundMs);
  assert.equal(send(exporter, span()), false);
});

test("a backend that does not answer holds up the end of a program for its bound only", async (t) => {
  const { sink, exporter, lost } = await exporterTo(t, "silence");
  send(exporter, span());
  send(exporter, span(), span());
  await sink.until(({ requests }) => requests.length === 1);
  await exporter.stop(0);
  assert.deepEqual(lost, [2, 1]);
});

test("who stops while the only batch is on its way loses that one", async (t) => {
  const { sink, exporter, lost } = await exporterTo(t, "silence");
  send(exporter, span());
  await sink.until(({ requests }) => requests.length === 1);
  await exporter.stop(0);
  assert.deepEqual(lost, [1]);
});

test("everything goes to each destination, and one that is away costs the other nothing", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "kerf-otlp-"));
  t.after(() => rm(directory, { recursive: true }));
  const sink = await OtlpSink.listen(join(directory, "store.sock"));
  t.after(() => sink.close());
  const lost: number[] = [];
  const exporter = new OtlpExporter({
    // Nothing listens at the second.
    endpoints: [sink.endpoint, `unix:${join(directory, "nobody.sock")}`],
    resource,
    clock: systemClock,
    random: { next: () => 0.5 },
    log: silentLogger,
    lost: (spans) => void lost.push(spans),
  });
  const metrics = new Metrics({ clock: systemClock, log: silentLogger, exporter });
  metrics.counter("kerf.client.attempts", "orders", {}).add(1);
  metrics.flush();
  // More than wait for the one that is away.
  for (let n = 1; n <= 8; n++) {
    assert.ok(send(exporter, span()));
    await sink.until(({ requests }) => requests.length === n);
  }
  assert.deepEqual(
    sink.metrics.map(({ name }) => name),
    ["kerf.client.attempts"],
  );
  await exporter.stop(boundMs);
  assert.equal(sink.spans.length, 8);
  assert.equal(
    lost.reduce((sum, one) => sum + one, 0),
    8,
  );
});
