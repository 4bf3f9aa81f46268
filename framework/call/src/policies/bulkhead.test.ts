import assert from "node:assert/strict";
import { test } from "node:test";
import { Bulkhead } from "./bulkhead.ts";

test("it lets in as many as it holds, and again as many as have left", () => {
  const bulkhead = new Bulkhead("shelf", 2);
  bulkhead.enter();
  bulkhead.enter();
  assert.throws(() => bulkhead.enter(), { code: "overloaded", retry: "not-executed" });
  assert.equal(bulkhead.inFlight, 2);
  bulkhead.leave();
  bulkhead.enter();
  assert.throws(() => bulkhead.enter(), { code: "overloaded" });
});
