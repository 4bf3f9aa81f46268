import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeHex } from "./hex.ts";

test("digits of either case become their bytes, in their place", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(5), fc.boolean(), (bytes, at, upper) => {
      const into = new Uint8Array(50).fill(7);
      const digits = Buffer.from(bytes).toString("hex");
      writeHex(upper ? digits.toUpperCase() : digits, into, at, bytes.length);
      assert.deepEqual(into.slice(at, at + bytes.length), bytes);
      assert.ok(into.slice(0, at).every((byte) => byte === 7));
      assert.ok(into.slice(at + bytes.length).every((byte) => byte === 7));
    }),
  );
});

test("what are no digits, or not as many, become zeroes", () => {
  for (const text of [
    "",
    "00ff00",
    "00ff00f",
    "00ff00fff",
    "00fg00ff",
    "00ff00f ",
    "00ff00f\u0100",
  ]) {
    const into = new Uint8Array(6).fill(7);
    writeHex(text, into, 1, 4);
    assert.deepEqual([...into], [7, 0, 0, 0, 0, 7], text);
  }
});
