import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { KerfError, newTrace, systemClock } from "@kerf/kernel";
import { Logger, SpanTemplate } from "@kerf/telemetry";
import { OtlpEncoder } from "@kerf/telemetry/testing";
import fc from "fast-check";
import { Ingest } from "../ingest.ts";
import { TelemetryStore } from "../store.ts";
import { otlpServer } from "./http.ts";
import { Receiver } from "./receiver.ts";
import { type Encoding, readBatch, type Signal } from "./signal.ts";

const directory = mkdtempSync(join(tmpdir(), "kerf-telemetry-"));
const log = new Logger({ level: "error", sink: () => {} });
const store = new TelemetryStore(directory, { clock: systemClock, log });
const server = otlpServer(new Receiver(new Ingest(store, { clock: systemClock, log })));
let base = "";

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  store.close();
  rmSync(directory, { recursive: true });
});

function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(`${base}${path}`, { method: "POST", body, headers });
}
const json = { "content-type": "application/json" };
const protobuf = { "content-type": "application/x-protobuf" };
const now = systemClock.wall();

/** A request with one span, as our own programs write it. */
function encoded(name: string): { readonly body: Buffer<ArrayBuffer>; readonly traceId: string } {
  const encoder = new OtlpEncoder({
    app: "shop",
    environment: "test",
    unit: "main",
    instance: "m-1",
  });
  const trace = newTrace(true);
  const at = { name: "exception" as const, at: 2, attributes: { "exception.message": "no luck" } };
  encoder.add(
    {
      of: new SpanTemplate("served", "orders", name, { "rpc.method": "place" }),
      trace,
      startedAt: 1.5,
      endedAt: 4.25,
      failed: true,
      attributes: { "error.type": "declined", "kerf.attempt": 2 },
      events: [at],
    },
    now,
  );
  return { body: Buffer.concat(encoder.take().pieces), traceId: trace.traceId };
}

test("a span in protobuf, plain and packed, is found as it was", async () => {
  for (const pack of [(body: Buffer<ArrayBuffer>) => body, gzipSync]) {
    const { body, traceId } = encoded("orders/place");
    const packed = pack(body);
    const coding = packed === body ? {} : { "content-encoding": "gzip" };
    const response = await post("/v1/traces", packed, { ...protobuf, ...coding });
    assert.equal(response.status, 200);
    assert.equal((await response.arrayBuffer()).byteLength, 0);
    const [span] = store.trace(traceId);
    assert.deepEqual(
      [span?.service, span?.unit, span?.instance, span?.name, span?.kind, span?.failed],
      ["orders", "main", "m-1", "orders/place", 2, true],
    );
    assert.deepEqual(
      [span?.startedAt, span?.durationMicros],
      [Math.floor(now) * 1_000 + 1_500, 2_750],
    );
    assert.deepEqual(span?.attributes, {
      "rpc.method": "place",
      "error.type": "declined",
      "kerf.attempt": 2,
    });
    assert.deepEqual(span?.events, [
      {
        name: "exception",
        at: Math.floor(now) * 1_000 + 2_000,
        attributes: { "exception.message": "no luck" },
      },
    ]);
  }
});

test("JSON as SDKs write it: what can be kept is kept, what cannot is said", async () => {
  const traceId = "5b8efff798038103d269b633813fc60c";
  const span = {
    traceId,
    spanId: "eee19b7ec3c1b174",
    parentSpanId: "eee19b7ec3c1b173",
    name: "I'm a server span",
    kind: 2,
    startTimeUnixNano: "1544712660000123456",
    endTimeUnixNano: "1544712661000123456",
    attributes: [
      { key: "my.attr", value: { stringValue: "some value" } },
      { key: "list", value: { arrayValue: { values: [{ intValue: "7" }, { boolValue: true }] } } },
      {
        key: "map",
        value: { kvlistValue: { values: [{ key: "a", value: { doubleValue: 0.5 } }] } },
      },
      { key: "huge", value: { intValue: "9223372036854775807" } },
    ],
    status: { code: 2, message: "broken" },
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "my.service" } }] };
  const response = await post(
    "/v1/traces",
    JSON.stringify({
      resourceSpans: [
        { resource, scopeSpans: [{ spans: [span, { ...span, traceId: "0".repeat(32) }] }] },
      ],
    }),
    json,
  );
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), {
    partialSuccess: {
      rejectedSpans: "1",
      errorMessage: "a trace id is 16 bytes that are not all zero",
    },
  });
  assert.deepEqual(store.trace(traceId), [
    {
      traceId,
      spanId: "eee19b7ec3c1b174",
      parentId: "eee19b7ec3c1b173",
      service: "my.service",
      name: "I'm a server span",
      kind: 2,
      startedAt: 1544712660000123,
      durationMicros: 1_000_000,
      failed: true,
      message: "broken",
      attributes: {
        "my.attr": "some value",
        list: [7, true],
        map: { a: 0.5 },
        huge: "9223372036854775807",
      },
      events: [],
      links: [],
    },
  ]);
});

test("lines of logs are found with their trace", async () => {
  const traceId = "ab".repeat(16);
  const line = {
    timeUnixNano: String(BigInt(Math.floor(now)) * 1_000_000n),
    severityNumber: 17,
    body: { stringValue: "the card was declined" },
    attributes: [{ key: "code", value: { stringValue: "declined" } }],
    traceId,
  };
  const response = await post(
    "/v1/logs",
    JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [line] }] }] }),
    json,
  );
  assert.equal(response.status, 200);
  const found = store.logs({
    query: `trace:${traceId}`,
    from: now - 1_000,
    to: now + 1_000,
    limit: 10,
  });
  assert.deepEqual(
    found.map(({ body, service, severity }) => [body, service, severity]),
    [["the card was declined", "unknown_service", 17]],
  );
});

test("what is no OTLP is refused, in a way that nobody sends again", async () => {
  const refused: readonly (readonly [
    number,
    string,
    string | Uint8Array<ArrayBuffer>,
    Record<string, string>,
  ])[] = [
    [404, "/v1/elsewhere", "{}", json],
    [400, "/v1/traces", "{", json],
    [400, "/v1/traces", "[]", json],
    [400, "/v1/traces", '{"resourceSpans":7}', json],
    [400, "/v1/traces", "{}", { "content-type": "text/plain" }],
    [400, "/v1/traces", new Uint8Array([0xff]), protobuf],
    [400, "/v1/traces", new Uint8Array([10, 200]), protobuf],
    [400, "/v1/traces", "no gzip", { ...json, "content-encoding": "gzip" }],
    [400, "/v1/traces", "{}", { ...json, "content-encoding": "br" }],
    [
      413,
      "/v1/traces",
      gzipSync(Buffer.alloc(20_000_000)),
      { ...json, "content-encoding": "gzip" },
    ],
  ];
  for (const [status, path, body, headers] of refused) {
    const response = await post(path, body, headers);
    assert.equal(response.status, status, `${path} ${String(body).slice(0, 40)}`);
    assert.ok(((await response.json()) as { message: string }).message.length > 0);
  }
  assert.equal((await fetch(`${base}/v1/traces`)).status, 400);
});

test("more than the store can take is told to come back", async () => {
  const ingest = new Ingest(store, { clock: systemClock, log });
  const { body } = encoded("orders/place");
  const { rows } = readBatch("traces", "protobuf", body);
  const many = Array.from({ length: 3_999 }, () => rows[0] as (typeof rows)[number]);
  const first = ingest.add(many);
  await assert.rejects(
    ingest.add(Array.from({ length: 49_000 }, () => many[0] as (typeof many)[number])),
    { code: "overloaded", retry: "not-executed" },
  );
  await first;
});

test("whatever arrives is read or refused, never more", () => {
  const { body } = encoded("orders/place");
  const cases: readonly (readonly [Signal, Encoding])[] = [
    ["traces", "protobuf"],
    ["logs", "protobuf"],
    ["metrics", "protobuf"],
    ["traces", "json"],
    ["logs", "json"],
    ["metrics", "json"],
  ];
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: body.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
      fc.nat({ max: body.length }),
      (changes, end) => {
        const garbled = Buffer.from(body);
        for (const [at, byte] of changes) garbled[at] = byte;
        for (const [signal, encoding] of cases) {
          try {
            readBatch(signal, encoding, garbled.subarray(0, end));
          } catch (error) {
            assert.ok(error instanceof KerfError && error.code === "invalid_input", String(error));
          }
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
