import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonCopy } from "./copy.ts";

test("it is what JSON would give, for whatever JSON takes", () => {
  fc.assert(
    fc.property(
      fc.anything({
        withDate: true,
        withNullPrototype: true,
        withSparseArray: true,
        withTypedArray: true,
        withMap: true,
      }),
      (value) => {
        const text = JSON.stringify(value) as string | undefined;
        assert.deepEqual(
          jsonCopy(value),
          text === undefined ? undefined : (JSON.parse(text) as unknown),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test("it shares nothing with the original", () => {
  const original = { list: [{ deep: { n: 1 } }] };
  const copy = jsonCopy(original) as typeof original;
  (copy.list[0] as { deep: { n: number } }).deep.n = 2;
  assert.equal(original.list[0]?.deep.n, 1);
});

test("a member named __proto__ stays a member", () => {
  const hostile: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
  const copy = jsonCopy(hostile) as Record<string, unknown>;
  assert.equal(copy["polluted"], undefined);
  assert.ok(Object.hasOwn(copy, "__proto__"));
});

test("what JSON refuses is refused", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  assert.throws(() => jsonCopy(loop), TypeError);
  assert.throws(() => jsonCopy({ n: 1n }), TypeError);
});
