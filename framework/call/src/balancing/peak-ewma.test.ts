import assert from "node:assert/strict";
import { test } from "node:test";
import { PeakEwma } from "./peak-ewma.ts";

test("a slower answer is believed at once, a faster one with time", () => {
  const load = new PeakEwma(10_000);
  assert.equal(load.at(0), undefined);
  load.record(10, 0);
  load.record(200, 100);
  assert.equal(load.at(100), 200);
  load.record(10, 200);
  const soon = load.at(200) as number;
  assert.ok(soon > 195 && soon < 200, String(soon));
  load.record(10, 40_200);
  const late = load.at(40_200) as number;
  assert.ok(late > 10 && late < 15, String(late));
});

test("what was measured long ago counts less, so that a slow instance is tried again", () => {
  const load = new PeakEwma(10_000);
  load.record(1_000, 0);
  assert.ok((load.at(70_000) as number) < 1);
});
