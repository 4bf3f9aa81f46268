import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord, Span } from "@kerf/control-api";
import { plain } from "../output/paint.ts";
import { waterfall } from "./waterfall.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const began = 1_767_323_045_000_000;

function span(spanId: string, parentId: string | undefined, given: Partial<Span>): Span {
  return {
    traceId,
    spanId,
    ...(parentId === undefined ? undefined : { parentId }),
    service: "orders",
    name: "orders/place",
    kind: 2,
    startedAt: began,
    durationMicros: 1_000,
    failed: false,
    attributes: {},
    events: [],
    links: [],
    ...given,
  };
}

function line(spanId: string | undefined, body: string): LogRecord {
  return {
    at: began + 500,
    severity: 13,
    service: "orders",
    unit: "main",
    traceId,
    ...(spanId === undefined ? undefined : { spanId }),
    body,
    attributes: { sku: "A" },
  };
}

test("a trace is a tree in the order of time, with attempts, failures and what was logged where it happened", () => {
  const spans = [
    span("c", "b", { kind: 3, startedAt: began + 20_000, attributes: { "kerf.attempt": 2 } }),
    span("a", undefined, { service: "gateway:web", name: "POST /orders", durationMicros: 100_000 }),
    span("d", "b", {
      service: "payments",
      name: "payments/charge",
      startedAt: began + 60_000,
      durationMicros: 40_000,
      failed: true,
      attributes: { "error.type": "unavailable" },
      events: [{ name: "exception", attributes: { "exception.message": "the bank\nhung up" } }],
    }),
    span("b", "a", { startedAt: began + 10_000, durationMicros: 90_000 }),
    // Whose span above has not arrived.
    span("f", "e", {
      service: "search",
      name: "late",
      startedAt: began + 99_000,
      links: ["1", "2", "3", "4", "5"].map((id) => ({ traceId: id.repeat(32), spanId: "a" })),
    }),
  ];
  const text = waterfall(
    { traceId, spans, logs: [line("b", "stock is low"), line("x", "beside")], truncated: false },
    plain,
    80,
  );
  const [head, ...rows] = text.split("\n");
  assert.match(head ?? "", /^trace 0af76.* 100 ms {2}5 spans of 4 services {2}1 failed$/);
  assert.match(rows[0] ?? "", /^gateway:web POST \/orders +100 ms +█+$/);
  assert.match(rows[1] ?? "", /^└ orders orders\/place +90\.0 ms +█+$/);
  assert.match(rows[2] ?? "", /· .*main\/orders warn {2}stock is low sku=A$/);
  assert.match(rows[3] ?? "", /^ {2}├ orders → orders\/place \(attempt 2\)/);
  assert.match(rows[4] ?? "", /^ {2}└ payments payments\/charge +40\.0 ms +█+$/);
  assert.match(rows[5] ?? "", /✗ unavailable: the bank↵hung up$/);
  assert.match(rows[6] ?? "", /^search late +1\.0 ms +█$/);
  assert.equal(rows[7], `  ↔ trace ${"1".repeat(32)}`);
  assert.equal(rows[10], "  ↔ and 2 more: --json");
  assert.equal(rows[11], "logged beside:");
  assert.match(rows[12] ?? "", /warn {2}beside .*trace=0af7/);
  assert.ok(
    text
      .split("\n")
      .slice(1, 3)
      .every((row) => row.length <= 80),
  );
});
