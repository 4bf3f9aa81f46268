import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogRecord, Span } from "@kerf/control-api";
import { waterfall } from "./waterfall.ts";

const span = (spanId: string, startedAt: number, parentId?: string, events: unknown[] = []): Span =>
  ({ spanId, parentId, startedAt, durationMicros: 10, name: spanId, events }) as unknown as Span;
const log = (body: string, at: number, spanId?: string): LogRecord =>
  ({ body, at, spanId }) as unknown as LogRecord;

const shown = ({ rows }: ReturnType<typeof waterfall>): string[] =>
  rows.map((row) => {
    const name = row.kind === "span" ? row.span.name : row.kind === "log" ? row.log.body : row.name;
    return `${"  ".repeat(row.depth)}${name}`;
  });

test("spans, logs and events stand below their span, in the order in which they began", () => {
  const trace = waterfall(
    [
      span("second", 30, "root"),
      span("first", 10, "root", [{ name: "retry", at: 14 }]),
      span("root", 0),
      span("below", 12, "first"),
    ],
    [log("said", 20, "root"), log("nobody's", 5)],
  );
  assert.deepEqual(shown(trace), [
    "root",
    "  first",
    "    below",
    "    retry",
    "  said",
    "  second",
    "nobody's",
  ]);
  assert.deepEqual([trace.from, trace.durationMicros], [0, 40]);
});

test("a span without its parent, one that is its own, and two in a circle are all shown", () => {
  const trace = waterfall(
    [span("orphan", 0, "gone"), span("own", 1, "own"), span("a", 2, "b"), span("b", 3, "a")],
    [],
  );
  assert.deepEqual(shown(trace).toSorted(), ["a", "b", "orphan", "own"]);
});

test("a chain of thousands of spans is no deep recursion", () => {
  const chain = Array.from({ length: 20_000 }, (_, at) =>
    span(`s${at}`, at, at === 0 ? undefined : `s${at - 1}`),
  );
  assert.equal(waterfall(chain, []).rows.at(-1)?.depth, 19_999);
});
