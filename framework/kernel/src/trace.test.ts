import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { newTrace, Trace, type TraceFields } from "./trace.ts";

const id = (bytes: number) =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .filter((all) => all.some((byte) => byte !== 0))
    .map((all) => Buffer.from(all).toString("hex"));
const fields: fc.Arbitrary<TraceFields> = fc.record(
  {
    traceId: id(16),
    spanId: id(8),
    parentId: fc.option(id(8), { nil: undefined }),
    sampled: fc.boolean(),
    state: fc.option(fc.string(), { nil: undefined }),
  },
  { noNullPrototype: true },
);

function fieldsOf({ traceId, spanId, parentId, sampled, state }: Trace): TraceFields {
  return { traceId, spanId, parentId, sampled, state };
}

test("text, words and bytes say the same", () => {
  fc.assert(
    fc.property(fields, fc.nat(5), (given, at) => {
      const trace = Trace.of(given);
      assert.deepEqual(fieldsOf(trace), given);
      const bytes = new Uint8Array(50).fill(7);
      trace.writeTraceId(bytes, at);
      trace.writeSpanId(bytes, at + 16);
      trace.writeParentId(bytes, at + 24);
      const written = Buffer.from(bytes.subarray(at, at + 32)).toString("hex");
      assert.equal(written, given.traceId + given.spanId + (given.parentId ?? "0".repeat(16)));
      const around = [...bytes.subarray(0, at), ...bytes.subarray(at + 32)];
      assert.ok(around.every((byte) => byte === 7));
      const read = Trace.read(bytes, at, given.sampled, given.state);
      assert.deepEqual(read && fieldsOf(read), { ...given, parentId: undefined });
    }),
  );
});

test("ids of zeroes are none", () => {
  const bytes = new Uint8Array(24);
  assert.equal(Trace.read(bytes, 0, true, undefined), undefined);
  bytes[3] = 1;
  assert.equal(Trace.read(bytes, 0, true, undefined), undefined);
  bytes[23] = 1;
  assert.equal(Trace.read(bytes, 0, true, undefined)?.spanId, "0000000000000001");
  bytes[3] = 0;
  assert.equal(Trace.read(bytes, 0, true, undefined), undefined);
});

test("spans below, beside and under another keep trace, decision and state", () => {
  fc.assert(
    fc.property(fields, (given) => {
      const trace = Trace.of(given);
      const child = trace.child();
      assert.deepEqual(fieldsOf(child), {
        ...given,
        spanId: child.spanId,
        parentId: given.spanId,
      });
      assert.notEqual(child.spanId, given.spanId);
      assert.equal(trace.child(!given.sampled).sampled, !given.sampled);
      const sibling = trace.sibling();
      assert.deepEqual(fieldsOf(sibling), { ...given, spanId: sibling.spanId });
      assert.notEqual(sibling.spanId, given.spanId);
      assert.deepEqual(fieldsOf(trace.below(sibling)), { ...given, parentId: sibling.spanId });
    }),
  );
});

test("new traces have ids of their own and are recorded by the leading 52 of their last 64 bits", () => {
  const traces = Array.from({ length: 2_000 }, () => newTrace());
  assert.equal(new Set(traces.map((trace) => trace.traceId)).size, traces.length);
  assert.equal(new Set(traces.map((trace) => trace.spanId)).size, traces.length);
  for (const { parentId, sampled, spanId, traceId } of traces) {
    assert.match(`${traceId} ${spanId}`, /^[0-9a-f]{32} [0-9a-f]{16}$/);
    assert.deepEqual([sampled, parentId], [false, undefined]);
  }
  for (const ratio of [0, 0.25, 1]) {
    for (let i = 0; i < 1_000; i++) {
      const { sampled, traceId } = Trace.begin(ratio);
      assert.equal(sampled, Number.parseInt(traceId.slice(16, 29), 16) / 2 ** 52 < ratio);
    }
  }
});
