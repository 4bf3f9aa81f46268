import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError, ManualClock, newTrace } from "@kerf/kernel";
import { Logger, type LogLevel } from "./logger.ts";

function capture(level: LogLevel = "info") {
  const lines: Record<string, unknown>[] = [];
  const log = new Logger({
    level,
    clock: new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5, 6)),
    sink: (line) => {
      assert.ok(!line.includes("\n"));
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  });
  return { log, lines };
}

test("a line carries time, level, message, bound fields and its trace", () => {
  const { log, lines } = capture();
  const trace = newTrace();
  log.with({ service: "orders", instance: "orders-1" }).in(trace).info("placed", { order: "o-1" });
  assert.deepEqual(lines, [
    {
      time: "2026-01-02T03:04:05.006Z",
      level: "info",
      message: "placed",
      service: "orders",
      instance: "orders-1",
      trace_id: trace.traceId,
      span_id: trace.spanId,
      order: "o-1",
    },
  ]);
});

test("levels below the set one are not written", () => {
  const { log, lines } = capture("warn");
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  assert.deepEqual(
    lines.map((line) => line["message"]),
    ["c", "d"],
  );
});

test("errors are written in full, and nothing that JSON refuses breaks a line", () => {
  const { log, lines } = capture();
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  log.error("failed", {
    error: new KerfError("unavailable", { message: "away", cause: new Error("ECONNREFUSED") }),
    circle,
    big: 10n,
  });
  assert.match(String(lines[0]?.["error"]), /unavailable: away[\s\S]*ECONNREFUSED/);
  assert.equal(lines[0]?.["big"], "10");
});

test("a huge value is cut, and the line stays JSON", () => {
  const { log, lines } = capture();
  log.info("big", { text: "x".repeat(100_000), small: 1 });
  assert.ok(JSON.stringify(lines[0]).length < 4_000);
  assert.equal(lines[0]?.["small"], 1);
  assert.match(String(lines[0]?.["text"]), /100000 characters/);
});

test("what is hidden is written nowhere: fields by their name at any depth, values in any text", () => {
  const { log, lines } = capture();
  const hidden = { names: new Set(["email", "message"]), values: ["ann@example.com", "987"] };
  const trace = newTrace();
  log
    .with({ service: "987", by: "ann@example.com" })
    .in(trace)
    .hiding(() => hidden)
    .error("mail to ann@example.com", {
      customer: { email: "other@example.com", cvc: 987, cards: [{ email: 1, note: "cvc 987" }] },
      error: new KerfError("conflict", { message: "ann@example.com is taken", cause: "987" }),
      long: `${"x".repeat(20_000)} ann@example.com`,
      email: "third@example.com",
    });
  const [line] = lines;
  assert.doesNotMatch(JSON.stringify(line), /@example/);
  assert.equal(line?.["message"], "mail to [redacted]");
  assert.deepEqual([line?.["service"], line?.["trace_id"]], ["987", trace.traceId]);
  assert.deepEqual(line?.["customer"], {
    email: "[redacted]",
    cvc: "[redacted]",
    cards: [{ email: "[redacted]", note: "cvc [redacted]" }],
  });
  assert.deepEqual([line?.["by"], line?.["email"]], ["[redacted]", "[redacted]"]);
});
