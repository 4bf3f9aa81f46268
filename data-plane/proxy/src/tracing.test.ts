import assert from "node:assert/strict";
import { test } from "node:test";
import { newTrace, systemClock, systemRandom } from "@kerf/kernel";
import { formatTraceparent, Logger, openTracing, silentLogger } from "@kerf/telemetry";
import { attributesOf, OtlpSink, type ReceivedSpan } from "@kerf/telemetry/testing";
import { assembleGateway } from "./gateway.ts";
import { FrontPlatform } from "./testing/platform.ts";

/** The gateway with its backend, a service in another program as far as the wire is concerned, and where both send spans. */
async function traced(t: import("node:test").TestContext, sampling = 1) {
  const sink = await OtlpSink.listen();
  const platform = await FrontPlatform.start(t, true);
  t.after(() => sink.close());
  const telemetry = { sampling, askedPerSecond: 1, otlp: { endpoint: sink.endpoint } };
  const resource = { app: "front", environment: "test", unit: "notes", instance: "notes-1" };
  const parts = { resource, clock: systemClock, random: systemRandom, log: silentLogger };
  const tracing = await openTracing(telemetry, parts);
  await platform.startNotes({}, tracing.recorder);
  const lines: Record<string, unknown>[] = [];
  const log = new Logger({
    level: "debug",
    sink: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const gateway = await assembleGateway(platform.boot({ telemetry }), log);
  await gateway.lifecycle.start();
  return {
    sink,
    lines,
    url: gateway.url as string,
    /** Everything that was recorded, once both programs have stopped. */
    async spans() {
      await gateway.lifecycle.stop();
      await tracing.stop();
      return sink.spans;
    },
  };
}

/** The spans from the root down: each the parent of the next. */
function chain(spans: readonly ReceivedSpan[], root: string | undefined): ReceivedSpan[] {
  const below = spans.filter(({ parentSpanId }) => parentSpanId === root);
  assert.ok(below.length <= 1, "it is no chain");
  return below.flatMap((span) => [span, ...chain(spans, span.spanId)]);
}

test("a request through gateway, backend and service is one tree, and its log lines are in it", async (t) => {
  const front = await traced(t);
  const response = await fetch(`${front.url}/page`);
  assert.deepEqual(await response.json(), { caller: "page", degraded: false });
  const traceId = response.headers.get("x-trace-id") as string;
  assert.match(response.headers.get("traceresponse") ?? "", /-01$/);
  const spans = (await front.spans()).filter((span) => span.traceId === traceId);
  const path = chain(spans, undefined);
  assert.equal(path.length, spans.length);
  assert.deepEqual(
    path.map(({ kind, name }) => `${kind} ${name}`),
    ["2 GET /page", "3 page/home", "2 page/home", "3 notes/open", "2 notes/open"],
  );
  const [request, , , call, served] = path.map(attributesOf);
  assert.deepEqual(request, {
    "http.request.method": "GET",
    "http.route": "/page",
    "kerf.operation": "page.home",
    "http.response.status_code": 200,
  });
  assert.match(String(call?.["server.address"]), /^unix:.*notes\.sock$/);
  assert.deepEqual(served, {
    "rpc.system": "kerf",
    "rpc.service": "notes",
    "rpc.method": "open",
    "kerf.caller": "page",
  });
  for (const [outer, inner] of path.slice(1).map((span, at) => [path[at], span] as const))
    assert.ok(Number(outer?.startTimeUnixNano) - Number(inner.startTimeUnixNano) < 5e6);
  const requests = front.sink.metrics.find(({ name }) => name === "http.server.request.duration");
  const [point] = requests?.points ?? [];
  assert.deepEqual(attributesOf(point ?? {}), request);
  assert.deepEqual(
    [requests?.service, point?.count, point?.exemplars?.map(({ spanId }) => spanId)],
    ["gateway:web", "1", [path[0]?.spanId]],
  );
  const calls = front.sink.metrics.find(({ name }) => name === "kerf.client.duration");
  assert.deepEqual(
    [calls?.service, calls?.points[0]?.exemplars?.[0]?.spanId],
    ["page", path[3]?.spanId],
  );
  const line = front.lines.find(({ message }) => message === "request");
  assert.deepEqual([line?.["trace_id"], line?.["span_id"]], [traceId, path[0]?.spanId]);
});

test("errors are where they happened", async (t) => {
  const front = await traced(t);
  const statuses = await Promise.all(
    ["/nothing", "/notes/mine", "/hang"].map(async (path) => {
      const { headers, status } = await fetch(front.url + path);
      return [headers.get("x-trace-id"), status] as const;
    }),
  );
  const spans = await front.spans();
  const told = statuses.map(([id]) =>
    spans
      .filter(({ traceId }) => traceId === id)
      .map((span) => {
        const { "error.type": type, "http.response.status_code": status } = attributesOf(span);
        return [span.name, status ?? type, span.status?.code];
      })
      .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  );
  assert.deepEqual(told[0], [["GET", 404, undefined]]);
  assert.deepEqual(told[1], [["GET /notes/mine", 401, undefined]]);
  const hang = told[2] ?? [];
  assert.deepEqual(
    hang.find(([name]) => name === "GET /hang"),
    ["GET /hang", statuses[2]?.[1], 2],
  );
  // The call, its attempts, and each of them where it was served: all failed.
  assert.ok(hang.length >= 4, String(hang));
  for (const [, type, code] of hang.filter(([name]) => name === "notes/hang")) {
    assert.match(String(type), /^(?:deadline_exceeded|unavailable|cancelled)$/);
    assert.equal(code, 2);
  }
});

test("clients may ask for a trace within the bound, and cannot hide from the ratio", async (t) => {
  const front = await traced(t, 0);
  const ask = async (): Promise<string> => {
    const headers = { traceparent: formatTraceparent(newTrace(true)) };
    return (await fetch(`${front.url}/notes`, { headers })).headers.get("traceresponse") ?? "";
  };
  const first = await ask();
  assert.match(first, /-01$/);
  // One a second: the second of two within a second is not granted.
  assert.match(await ask(), /-00$/);
  await fetch(`${front.url}/notes`);
  const spans = await front.spans();
  assert.equal(spans.length, 3);
  assert.ok(spans.every(({ traceId }) => first.includes(traceId)));
});
