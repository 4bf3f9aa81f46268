import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DeclaredError,
  describeError,
  errorCodes,
  httpStatusOf,
  KerfError,
  toKerfError,
} from "./errors.ts";

test("an error takes the retry meaning of its code unless the thrower knows more", () => {
  assert.equal(new KerfError("not_here", "gone").retry, "not-executed");
  assert.equal(new KerfError("unavailable", "gone").retry, "unknown");
  assert.equal(
    new KerfError("unavailable", { message: "gone", retry: "not-executed" }).retry,
    "not-executed",
  );
  assert.equal(new KerfError("emptyBasket", "no lines").retry, "never");
});

test("every code survives the way over a boundary", () => {
  for (const code of Object.keys(errorCodes)) {
    const sent = new KerfError(code, {
      message: "m",
      why: "w",
      fix: "f",
      data: { a: 1 },
      retryAfterMs: 5,
    });
    const arrived = KerfError.fromShape(JSON.parse(JSON.stringify(sent.toShape())));
    assert.deepEqual(arrived.toShape(), sent.toShape());
    assert.ok(!(arrived instanceof DeclaredError));
  }
});

test("a declared error arrives as one, with its data", () => {
  const arrived = KerfError.fromShape(
    new DeclaredError("outOfStock", { sku: "a" }, "Not enough.").toShape(),
  );
  assert.ok(arrived instanceof DeclaredError);
  assert.equal(arrived.code, "outOfStock");
  assert.deepEqual(arrived.data, { sku: "a" });
  assert.equal(arrived.message, "Not enough.");
});

test("the cause of an error stays in the process", () => {
  const wrapped = toKerfError(new Error("password=hunter2"));
  assert.equal(wrapped.code, "internal");
  assert.ok(!JSON.stringify(wrapped.toShape()).includes("hunter2"));
  assert.ok(describeError(wrapped).includes("hunter2"));
});

test("an error in full names every cause, what to do, and ends for causes that go in a circle", () => {
  const inner: Error & { cause?: unknown } = new Error("inner");
  inner.cause = inner;
  const text = describeError(
    new KerfError("start_failed", { message: "outer", fix: "do this", cause: inner }),
  );
  assert.match(text, /^start_failed: outer\n {2}fix: do this\ncaused by: Error: inner/);
  assert.equal(describeError("a string"), "a string");
});

test("HTTP status of a code", () => {
  assert.equal(httpStatusOf("not_found"), 404);
  assert.equal(httpStatusOf("noSuchCode"), 500);
});
