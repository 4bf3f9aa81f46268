import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "./errors.ts";
import { redactable, redactError, redactText } from "./redaction.ts";

test("values are taken out of texts: long ones anywhere, short ones as words, the longer first", () => {
  const values = redactable(["ann@example.com", "123", "4111", "4111-1111", "ab", "a.c"]);
  assert.equal(
    redactText("xann@example.comx 123 1234 (4111) 4111-1111, ab a.c abc", values),
    "x[redacted]x [redacted] 1234 ([redacted]) [redacted], ab [redacted] abc",
  );
});

test("values are taken out of an error and what is behind it; it stays the same error", () => {
  const cause = Object.assign(new Error("duplicate key"), {
    code: "23505",
    detail: "Key (email)=(ann@example.com) already exists.",
  });
  const error = new KerfError("conflict", {
    message: "ann@example.com is taken",
    data: { email: "ann@example.com" },
    cause,
  });
  assert.equal(redactError(error, ["ann@example.com"]), error);
  assert.equal(error.message, "[redacted] is taken");
  assert.ok(!error.stack?.includes("ann@"));
  assert.deepEqual(error.data, { email: "ann@example.com" });
  assert.deepEqual(
    [cause.code, cause.detail],
    ["23505", "Key (email)=([redacted]) already exists."],
  );
  const frozen = Object.freeze(new Error("ann@example.com"));
  assert.equal((redactError(frozen, ["ann@example.com"]) as Error).message, "[redacted]");
  assert.equal(redactError("no ann@example.com", ["ann@example.com"]), "no [redacted]");
  assert.equal(redactError(undefined, ["ann@example.com"]), undefined);
});
