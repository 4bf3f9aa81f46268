import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, newTrace } from "@kerf/kernel";
import fc from "fast-check";
import { Logger, silentLogger } from "../logger.ts";
import { attributesOf, decodeMetrics, type ReceivedMetric } from "../testing/index.ts";
import { durationBounds } from "./metric-catalogue.ts";
import { MetricsEncoder } from "./metrics-encoder.ts";
import { Metrics } from "./metrics.ts";

const resource = { app: "shop", environment: "test", unit: "main", instance: "main-1" };

/** Metrics whose deliveries go through the encoder and a decoder that is not ours. */
function delivered(options: { maxSeries?: number; log?: Logger } = {}) {
  const clock = new ManualClock();
  const encoder = new MetricsEncoder(resource);
  const deliveries: ReceivedMetric[][] = [];
  const metrics = new Metrics({
    clock,
    log: options.log ?? silentLogger,
    maxSeries: options.maxSeries,
    exporter: {
      sendMetrics(...given) {
        const { bytes, pieces } = encoder.encode(...given);
        const body = Buffer.concat(pieces);
        assert.equal(body.length, bytes);
        deliveries.push(decodeMetrics(body));
      },
    },
  });
  return { clock, metrics, deliveries };
}

const ok = { "rpc.service": "prices", "rpc.method": "quote", "kerf.caller": "orders" };

test("what is recorded arrives each ten seconds, and what rests does not", async () => {
  const { clock, deliveries, metrics } = delivered();
  metrics.start();
  const series = metrics.histogram("kerf.server.duration", "prices", ok);
  assert.equal(metrics.histogram("kerf.server.duration", "prices", { ...ok }), series);
  const trace = newTrace(true);
  series.record(3, newTrace());
  series.record(3.5, trace, 1);
  series.repeat();
  series.record(20_000);
  metrics.counter("kerf.client.attempts", "orders", {}).add(2);
  metrics.gauge("process.memory.usage", "main", {}).set(7.5);
  await clock.advance(10_000);
  const [[histogram, counter, gauge] = [], ...others] = deliveries;
  assert.equal(others.length, 0);
  assert.deepEqual(
    [histogram, counter, gauge].map((each) => [each?.service, each?.name, each?.unit, each?.kind]),
    [
      ["prices", "kerf.server.duration", "s", "histogram"],
      ["orders", "kerf.client.attempts", "{attempt}", "sum"],
      ["main", "process.memory.usage", "By", "gauge"],
    ],
  );
  assert.deepEqual([histogram?.temporality, counter?.temporality], [1, 1]);
  const [point] = histogram?.points ?? [];
  assert.deepEqual(attributesOf(point ?? {}), ok);
  assert.deepEqual([point?.count, point?.explicitBounds], ["4", durationBounds]);
  const counts = Object.entries(point?.bucketCounts ?? []).filter(([, count]) => count !== "0");
  assert.deepEqual(counts, [
    [String(durationBounds.indexOf(0.005)), "3"],
    [String(durationBounds.length), "1"],
  ]);
  assert.ok(Math.abs((point?.sum ?? 0) - 20.01) < 1e-9);
  assert.deepEqual(
    point?.exemplars?.map(({ asDouble, spanId, traceId }) => [asDouble, spanId, traceId]),
    [[0.0035, trace.spanId, trace.traceId]],
  );
  const nanos = (each: string | undefined): bigint => BigInt(each ?? 0);
  assert.equal(nanos(point?.timeUnixNano) - nanos(point?.startTimeUnixNano), 10_000_000_000n);
  assert.deepEqual([counter?.points[0]?.asDouble, gauge?.points[0]?.asDouble], [2, 7.5]);
  // Only the gauge is still what it was.
  await clock.advance(10_000);
  assert.deepEqual(
    deliveries[1]?.map(({ name }) => name),
    ["process.memory.usage"],
  );
});

test("each value lies between the bounds of its bucket, and all are counted", () => {
  const { deliveries, metrics } = delivered();
  const series = metrics.histogram("kerf.server.duration", "prices", ok);
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 20_000, noNaN: true }), { minLength: 1 }),
      (all) => {
        for (const ms of all) series.record(ms);
        metrics.flush();
        const point = deliveries.pop()?.[0]?.points[0] ?? assert.fail();
        const counts = (point.bucketCounts ?? []).map(Number);
        const expected = counts.map((_, at) => {
          const low = durationBounds[at - 1] ?? -1;
          const high = durationBounds[at] ?? Infinity;
          return all.filter(
            (ms) => Math.max(0, ms) / 1_000 > low && Math.max(0, ms) / 1_000 <= high,
          ).length;
        });
        assert.deepEqual([counts, Number(point.count)], [expected, all.length]);
      },
    ),
  );
});

test("what comes beyond the bound of series is added up in one, and said once", () => {
  const lines: string[] = [];
  const log = new Logger({ level: "warn", sink: (line) => void lines.push(line) });
  const { deliveries, metrics } = delivered({ maxSeries: 3, log });
  for (let n = 0; n < 10; n++)
    metrics
      .histogram("kerf.server.duration", "prices", { ...ok, "kerf.caller": `caller-${n}` })
      .record(1);
  metrics.flush();
  const points = deliveries[0]?.[0]?.points ?? [];
  assert.deepEqual(
    points.map(({ count }) => count),
    ["1", "1", "1", "7"],
  );
  assert.deepEqual(attributesOf(points[3] ?? {}), { "otel.metric.overflow": "true" });
  assert.equal(lines.length, 1);
});
