import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span } from "@kerf/control-api";
import { align } from "./align.ts";

const span = (spanId: string, name: string, startedAt: number, parentId?: string): Span =>
  ({ spanId, parentId, name, service: "s", startedAt, durationMicros: 10 }) as unknown as Span;

test("work of the same name stands side by side, the first beside the first; what one lacks is told", () => {
  const good = [
    span("1", "checkout", 0),
    span("2", "reserve", 1, "1"),
    span("3", "charge", 2, "1"),
    span("4", "confirm", 9, "1"),
  ];
  const bad = [
    span("a", "checkout", 100),
    span("b", "reserve", 101, "a"),
    span("c", "charge", 102, "a"),
    span("d", "charge", 103, "a"),
    span("e", "insert", 104, "d"),
    span("f", "undo", 105, "a"),
  ];
  const seen = align(bad, good).map(
    ({ depth, name, one, other }) =>
      `${"  ".repeat(depth)}${name} ${one?.spanId ?? "-"}${other?.spanId ?? "-"}`,
  );
  assert.deepEqual(seen, [
    "checkout a1",
    "  reserve b2",
    "  charge c3",
    "  confirm -4",
    "  charge d-",
    "    insert e-",
    "  undo f-",
  ]);
});

test("a chain of thousands of spans is laid side by side with itself", () => {
  const chain = Array.from({ length: 5_000 }, (_, at) =>
    span(`s${at}`, `step ${at}`, at, at === 0 ? undefined : `s${at - 1}`),
  );
  const pairs = align(chain, chain);
  assert.equal(pairs.length, 5_000);
  assert.ok(pairs.every(({ one, other }) => one === other));
});
