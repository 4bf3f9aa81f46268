import assert from "node:assert/strict";
import { test } from "node:test";
import { doubleField, messageField, numberField, textField } from "@kerf/telemetry/protobuf";
import type { Attributes, ReceivedPoint } from "../otlp/received.ts";
import { readBatch } from "../otlp/signal.ts";
import type { Received } from "../store.ts";
import { point, setUp } from "../testing/rows.ts";

const second = 1_000_000;
const asked = { name: "requests", query: "", by: [], from: 0, to: 600_000, stepMs: 60_000 };

test("increases: what is counted from a beginning, across restarts of the sender and of the store", (t) => {
  const { again, store } = setUp(t);
  const at = (seconds: number, value: number, startedAt: number): Received =>
    point({ cumulative: true, at: seconds * second, value, startedAt: startedAt * second });
  // It began long ago: its first point only says where it stood.
  store.add([at(400, 1_000, 1), at(430, 1_010, 1)]);
  // Sent again, since the answer was lost.
  store.add([at(430, 1_010, 1), at(490, 1_015, 1)]);
  // Begun anew.
  store.add([at(520, 4, 500), at(550, 6, 500)]);
  const counts = [
    [420_000, 10],
    [480_000, 9],
    [540_000, 2],
  ];
  for (const each of [() => store, again]) {
    const { series } = each().metric({ ...asked, from: 305_000 });
    assert.deepEqual(
      series.map(({ points }) => points.map((one) => [one.at, one.count])),
      [counts],
    );
  }
});

test("series in common, by what their senders say; gauges on average, levels in sum", (t) => {
  const { store } = setUp(t);
  const of = (fields: Partial<ReceivedPoint>, service: string, instance: string): Received =>
    point({ ...fields, service, more: { "service.instance.id": instance } });
  const gauge = { name: "memory", unit: "By", kind: "gauge" } as const;
  const level = { name: "connections", kind: "level", cumulative: true } as const;
  store.add([
    of({ ...gauge, value: 10, at: 60 * second }, "orders", "o-1"),
    of({ ...gauge, value: 20, at: 61 * second }, "orders", "o-1"),
    of({ ...gauge, value: 40, at: 62 * second }, "orders", "o-2"),
    of({ ...gauge, value: 7, at: 62 * second }, "payments", "p-1"),
    of({ ...level, value: 3, at: 62 * second }, "orders", "o-1"),
    of({ ...level, value: 4, at: 62 * second }, "orders", "o-2"),
    of({ value: 5, attributes: { route: "/a", code: 1 } }, "orders", "o-1"),
    of({ value: 6, attributes: { code: 1, route: "/a" } }, "orders", "o-2"),
    of({ value: 1, attributes: { route: "/b" } }, "orders", "o-1"),
  ]);
  const ask = (name: string, by: string[], query = "") =>
    store.metric({ ...asked, name, by, query });
  assert.deepEqual(ask("memory", ["service"]), {
    series: [
      {
        labels: { service: "orders" },
        points: [{ at: 60_000, value: 30, max: 40 }],
        exemplars: [],
      },
      {
        labels: { service: "payments" },
        points: [{ at: 60_000, value: 7, max: 7 }],
        exemplars: [],
      },
    ],
    unit: "By",
    stepMs: 60_000,
    truncated: false,
  });
  assert.deepEqual(ask("connections", []).series[0]?.points, [{ at: 60_000, value: 7, max: 4 }]);
  const byRoute = ask("requests", ["route"]).series;
  assert.deepEqual(
    byRoute.map(({ labels, points }) => [labels["route"], points[0]?.count]),
    [
      ["/a", 11],
      ["/b", 1],
    ],
  );
  assert.equal(ask("requests", [], "@route:/b OR instance:o-2").series[0]?.points[0]?.count, 7);
  assert.deepEqual(ask("nothing", []).series, []);
  assert.throws(() => ask("", []), { code: "invalid_input" });
  assert.throws(() => ask("requests", [], "duration:>5"), { code: "invalid_input" });
});

test("histograms in JSON: counts, quantiles and the traces of the slow", (t) => {
  const { store } = setUp(t);
  const nanos = (seconds: number): string => String(BigInt(seconds) * 1_000_000_000n);
  const common = {
    startTimeUnixNano: nanos(60),
    timeUnixNano: nanos(70),
    attributes: [{ key: "rpc.method", value: { stringValue: "charge" } }],
  };
  const traceId = "ab".repeat(16);
  const metrics = [
    {
      name: "kerf.server.duration",
      unit: "s",
      histogram: {
        aggregationTemporality: 1,
        dataPoints: [
          {
            ...common,
            count: "100",
            sum: 12.5,
            bucketCounts: ["50", "45", "5"],
            explicitBounds: [0.1, 0.2],
            exemplars: [
              { timeUnixNano: nanos(65), asDouble: 0.4, traceId, spanId: "cd".repeat(8) },
            ],
          },
          { ...common, count: "3", sum: 1, bucketCounts: ["3"], explicitBounds: [0.1, 0.2] },
        ],
      },
    },
    {
      name: "grows",
      exponentialHistogram: {
        aggregationTemporality: 1,
        dataPoints: [
          { ...common, count: 4, sum: 4, scale: 0, positive: { offset: 0, bucketCounts: [4] } },
        ],
      },
    },
    { name: "old", summary: { dataPoints: [common] } },
    { name: "nothing", gauge: { dataPoints: [{ ...common, asDouble: 1, flags: 1 }] } },
  ];
  const body = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
  const { rejected, rows, why } = readBatch("metrics", "json", Buffer.from(JSON.stringify(body)));
  assert.equal(rejected, 2);
  assert.match(why, /one count more than bounds/);
  store.add(rows);
  const found = store.metric({ ...asked, name: "kerf.server.duration", by: ["rpc.method"] });
  assert.equal(found.unit, "s");
  assert.deepEqual(found.series, [
    {
      labels: { "rpc.method": "charge" },
      points: [{ at: 60_000, count: 100, sum: 12.5, p50: 0.1, p95: 0.2, p99: 0.2 }],
      exemplars: [{ at: 65_000, value: 0.4, traceId, spanId: "cd".repeat(8) }],
    },
  ]);
  assert.equal(store.metric({ ...asked, name: "grows" }).series[0]?.points[0]?.p50, 1.5);
});

test("histograms in protobuf, packed as SDKs write them", (t) => {
  const { store } = setUp(t);
  const fixed = (field: number, value: bigint): Buffer => {
    const bytes = Buffer.alloc(9, field * 8 + 1);
    bytes.writeBigUInt64LE(value, 1);
    return bytes;
  };
  const packed = (field: number, ...parts: readonly Buffer[]): Buffer =>
    messageField(field, ...parts.map((part) => part.subarray(1)));
  const time = [fixed(2, 60n * 1_000_000_000n), fixed(3, 70n * 1_000_000_000n)];
  const exemplar = messageField(
    8,
    fixed(2, 65n * 1_000_000_000n),
    doubleField(3, 0.4),
    messageField(5, Buffer.alloc(16, 0xab)),
  );
  const explicit = messageField(
    1,
    messageField(9, textField(1, "rpc.method"), messageField(2, textField(1, "charge"))),
    ...time,
    fixed(4, 3n),
    doubleField(5, 0.5),
    packed(6, fixed(6, 1n), fixed(6, 2n), fixed(6, 0n)),
    packed(7, doubleField(7, 0.1), doubleField(7, 0.2)),
    exemplar,
  );
  // Scale and offset are -1; two counts of 5 and 7, each a varint.
  const exponential = messageField(
    1,
    ...time,
    fixed(4, 13n),
    doubleField(5, 0.5),
    numberField(6, 1),
    fixed(7, 1n),
    messageField(8, numberField(1, 1), messageField(2, Buffer.from([5, 7]))),
  );
  const sum = messageField(1, ...time, fixed(6, 42n));
  const metric = (name: string, field: number, ...data: readonly Buffer[]): Buffer =>
    messageField(2, textField(1, name), textField(3, "s"), messageField(field, ...data));
  const metrics = [
    metric("explicit", 9, explicit, numberField(2, 1)),
    metric("exponential", 10, exponential, numberField(2, 1)),
    metric("sum", 7, sum, numberField(2, 1), numberField(3, 1)),
  ];
  const body = messageField(1, messageField(2, ...metrics));
  const { rejected, rows } = readBatch("metrics", "protobuf", body);
  assert.deepEqual([rejected, rows.length], [0, 3]);
  store.add(rows);
  const found = (name: string) => store.metric({ ...asked, name, by: ["rpc.method"] }).series[0];
  assert.deepEqual(found("explicit"), {
    labels: { "rpc.method": "charge" },
    points: [{ at: 60_000, count: 3, sum: 0.5, p50: 0.125, p95: 0.1925, p99: 0.1985 }],
    exemplars: [{ at: 65_000, value: 0.4, traceId: "ab".repeat(16) }],
  });
  // 1 at zero, 5 in (1/4, 1], 7 in (1, 4].
  const [point] = found("exponential")?.points ?? [];
  assert.deepEqual([point?.count, point?.p50?.toFixed(6)], [13, (1 + (3 * 0.5) / 7).toFixed(6)]);
  assert.deepEqual(found("sum")?.points, [{ at: 60_000, count: 42 }]);
});

test("edges: who called, told and asked whom, how often and how well", (t) => {
  const { store } = setUp(t);
  const duration = (
    name: string,
    service: string,
    count: number,
    attributes: Attributes,
  ): Received =>
    point({
      name,
      service,
      unit: "s",
      kind: "histogram",
      value: 1,
      count,
      buckets: [[0.1, 0.2, count]],
      attributes,
    });
  const charge = { "rpc.service": "payments", "kerf.caller": "orders" };
  store.add([
    duration("http.server.request.duration", "gateway:web", 9, {
      "http.response.status_code": 200,
    }),
    duration("http.server.request.duration", "gateway:web", 1, {
      "http.response.status_code": 503,
    }),
    duration("http.server.request.duration", "gateway:web", 10, {
      "http.response.status_code": 404,
      "error.type": "not_found",
    }),
    duration("kerf.server.duration", "payments", 6, charge),
    duration("kerf.server.duration", "payments", 2, {
      ...charge,
      "error.type": "declined",
      "kerf.declared": 1,
    }),
    duration("kerf.server.duration", "payments", 2, { ...charge, "error.type": "internal" }),
    // Search is down: nobody there counts, but its caller does.
    duration("kerf.client.duration", "catalog", 5, {
      "rpc.service": "search",
      "error.type": "unavailable",
    }),
    duration("kerf.client.duration", "orders", 10, { "rpc.service": "payments" }),
    duration("kerf.event.handled.duration", "search", 4, { "kerf.event.producer": "catalog" }),
    duration("db.client.operation.duration", "orders", 20, { "db.namespace": "orders" }),
  ]);
  const edges = store.edges({ from: 0, to: 10_000 });
  assert.deepEqual(
    edges.map((edge) => [edge.from, edge.to, edge.kind, edge.ratePerSecond, edge.errorShare]),
    [
      ["client", "gateway:web", "http", 2, 0.05],
      ["orders", "payments", "call", 1, 0.2],
      ["catalog", "search", "event", 0.4, 0],
      ["orders", "orders", "data", 2, 0],
      ["catalog", "search", "call", 0.5, 1],
    ],
  );
  assert.equal(Math.round(edges[1]?.p95Ms ?? 0), 195);
});
