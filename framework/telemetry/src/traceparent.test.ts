import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newTrace } from "@kerf/kernel";
import { continueTrace, formatTraceparent, parseTraceparent } from "./traceparent.ts";

test("what is formatted parses back", () => {
  for (const sampled of [true, false]) {
    const trace = newTrace(sampled);
    const parsed = parseTraceparent(formatTraceparent(trace), "vendor=1");
    assert.deepEqual(
      [parsed?.traceId, parsed?.spanId, parsed?.sampled, parsed?.state],
      [trace.traceId, trace.spanId, sampled, "vendor=1"],
    );
  }
});

test("what the specification forbids starts a new trace", () => {
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  const span = "00f067aa0ba902b7";
  const refused = [
    "",
    `00-${id}-${span}`,
    `00-${id.toUpperCase()}-${span}-01`,
    `ff-${id}-${span}-01`,
    `00-${"0".repeat(32)}-${span}-01`,
    `00-${id}-${"0".repeat(16)}-01`,
    `00-${id}-${span}-01-more`,
    `00-${id}-${span}-1`,
  ];
  for (const header of refused) assert.equal(parseTraceparent(header), undefined, header);
  assert.notEqual(continueTrace("nonsense").traceId, id);
  // A version to come may append fields; what we know of it is used.
  assert.equal(parseTraceparent(`01-${id}-${span}-01-more`)?.traceId, id);
  assert.equal(parseTraceparent(`00-${id}-${span}-01`, "x".repeat(600))?.state, undefined);
});

test("a continued trace keeps id and sampling and hangs below the caller's span", () => {
  const caller = newTrace(false);
  const continued = continueTrace(formatTraceparent(caller));
  assert.equal(continued.traceId, caller.traceId);
  assert.equal(continued.parentId, caller.spanId);
  assert.notEqual(continued.spanId, caller.spanId);
  assert.equal(continued.sampled, false);
  assert.equal(continued.child().parentId, continued.spanId);
});

test("no header makes the parser throw", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (header) => void parseTraceparent(header)));
});
