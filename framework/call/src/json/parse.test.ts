import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxJsonDepth, parseJson } from "./parse.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text);
const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

test("reads what JSON.parse reads, wherever it lies in the bytes", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(20), (text, before) => {
      fc.pre(!text.includes("__proto__"));
      const bytes = Buffer.concat([Buffer.alloc(before, 0xff), bytesOf(text), Buffer.from("]")]);
      const value = parseJson(bytes, before, bytes.length - 1);
      assert.deepEqual(value, JSON.parse(text));
      assert.deepEqual(parseJson(bytesOf(text)), value);
    }),
  );
});

test("refuses names that reach prototypes at every depth, in every spelling", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("__proto__", "\\u005f_proto__", "__prot\\u006f__"),
      fc.nat(maxJsonDepth - 2),
      fc.constantFrom("1", "{}", "null"),
      (name, depth, member) => {
        const text = '{"a":['.repeat(depth / 2) + `{"${name}":${member}}` + "]}".repeat(depth / 2);
        assert.throws(() => parseJson(bytesOf(text)), { message: /__proto__/ });
      },
    ),
  );
  assert.throws(() => parseJson(bytesOf('{"constr\\u0075ctor":{"prototype":1}}')), /constructor/);
  assert.deepEqual(parseJson(bytesOf('{"constructor":{"a":1}}')), { constructor: { a: 1 } });
});

test("refuses depth beyond the bound, and text that is not UTF-8", () => {
  assert.ok(Array.isArray(parseJson(bytesOf(nested(maxJsonDepth + 1)))));
  assert.throws(() => parseJson(bytesOf(nested(maxJsonDepth + 2))), /deeper than 128/);
  for (const bytes of [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff], [0xe2, 0x82]])
    assert.throws(() => parseJson(Buffer.from([0x22, ...bytes, 0x22])), /UTF-8/);
  assert.equal(parseJson(bytesOf('"\ufffd"')), "\ufffd");
  assert.equal(parseJson(bytesOf("\ufeff1")), 1);
});
