import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DeclaredError, KerfError, seededRandom } from "@kerf/kernel";
import { policyDefaults } from "./defaults.ts";
import { backoff, mayRepeat } from "./retry.ts";

const notExecuted = new KerfError("not_here", "x");
const unknown = new KerfError("connection_lost", "x");

test("what was not executed may be sent again, whatever it is", () => {
  for (const kind of ["query", "command", "stream"] as const)
    assert.equal(mayRepeat(kind, notExecuted, false), true);
});

test("what may have been executed may be sent again when it only reads", () => {
  assert.equal(mayRepeat("query", unknown, false), true);
  assert.equal(mayRepeat("stream", unknown, false), true);
  assert.equal(mayRepeat("command", unknown, false), false);
  assert.equal(mayRepeat("command", unknown, true), true);
});

test("what is final stays final", () => {
  const errors = [
    new DeclaredError("notFound", {}),
    new KerfError("internal", "x"),
    new KerfError("invalid_input", "x"),
    new KerfError("unavailable", { message: "x", retry: "never" }),
    new KerfError("circuit_open", "x"),
    new KerfError("deadline_exceeded", "x"),
    new KerfError("cancelled", "x"),
  ];
  for (const error of errors) assert.equal(mayRepeat("query", error, true), false, error.code);
});

test("the wait is drawn from zero to a bound that doubles up to its cap", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer(), (retry, seed) => {
      const most = Math.min(250, 25 * 2 ** (retry - 1));
      const wait = backoff(retry, unknown, policyDefaults, seededRandom(seed)) as number;
      assert.ok(wait >= 0 && wait < most, `${wait} of ${most}`);
    }),
  );
  const all = { next: () => 0.999_999 };
  const bounds = [1, 2, 3, 4, 5, 6].map((retry) =>
    Math.round(backoff(retry, unknown, policyDefaults, all) as number),
  );
  assert.deepEqual(bounds, [25, 50, 100, 200, 250, 250]);
});

test("a callee that asks to be left alone is, and given up when it asks for too long", () => {
  const pushback = (ms: number): KerfError =>
    new KerfError("overloaded", { message: "x", retryAfterMs: ms });
  const none = { next: () => 0 };
  assert.equal(backoff(1, pushback(300), policyDefaults, none), 300);
  assert.equal(backoff(1, pushback(5_000), policyDefaults, none), undefined);
});
