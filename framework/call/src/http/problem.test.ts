import assert from "node:assert/strict";
import { test } from "node:test";
import type { OperationDescription } from "@kerf/contract";
import { DeclaredError, type ErrorCode, errorCodes, KerfError } from "@kerf/kernel";
import { problemOf } from "./problem.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";

test("every code of the platform has a status and a title; what fails inside stays inside", () => {
  for (const [code, { status }] of Object.entries(errorCodes)) {
    const details = {
      message: "at unix:/run/a.sock",
      why: "inside",
      fix: "fix it",
      data: { secret: 1 },
    };
    const { problem, headers } = problemOf(new KerfError(code, details), { traceId });
    assert.equal(problem.status, status, code);
    assert.equal(problem.traceId, traceId);
    assert.ok(problem.title.length > 0);
    assert.equal(problem.type, `urn:kerf:error:${problem.code}`);
    assert.doesNotMatch(JSON.stringify(problem), /inside|secret/, code);
    if (status >= 500) assert.doesNotMatch(JSON.stringify(problem), /a\.sock|fix it/, code);
    else assert.equal(problem.detail, details.message, code);
    assert.equal("retry-after" in headers, status === 503, code);
  }
});

test("codes that mean a bug of ours are all the same to clients", () => {
  const codes: ErrorCode[] = [
    "internal",
    "invalid_output",
    "call_in_transaction",
    "not_ready",
    "migration_failed",
  ];
  for (const thrown of [
    ...codes.map((code) => new KerfError(code, "x")),
    new Error("x"),
    "x",
    undefined,
  ]) {
    const { problem } = problemOf(thrown, { traceId });
    assert.deepEqual([problem.code, problem.status], ["internal", 500]);
  }
});

test("a declared error is told only where the operation declares it", () => {
  const description = {
    errors: { full: { status: 409, message: "It is full" } },
  } as unknown as OperationDescription;
  const place = { traceId, service: "notes", description };
  const full = problemOf(new DeclaredError("full", { left: 0 }), place);
  assert.deepEqual(full.problem.data, { left: 0 });
  assert.equal(full.problem.status, 409);
  const foreign = problemOf(new DeclaredError("other", { left: 0 }), place);
  assert.equal(foreign.problem.code, "internal");
  // A declared error may have the name of a code of ours, and is not that code.
  assert.equal(problemOf(new DeclaredError("forbidden", 1), place).problem.code, "internal");
  assert.equal(problemOf(new KerfError("full", "x"), place).problem.code, "internal");
});

test("pushback is rounded up to whole seconds", () => {
  const overloaded = new KerfError("overloaded", { message: "x", retryAfterMs: 2_001 });
  assert.equal(problemOf(overloaded, { traceId }).headers["retry-after"], "3");
  const soon = new KerfError("overloaded", { message: "x", retryAfterMs: 1 });
  assert.equal(problemOf(soon, { traceId }).headers["retry-after"], "1");
});

test("nothing in an error can write a header of its own", () => {
  const error = new KerfError("unauthenticated", 'no"\r\nset-cookie: a=b\\ü');
  const { headers } = problemOf(error, { traceId, credentials: true });
  assert.match(
    headers["www-authenticate"] ?? "",
    /^Bearer error="invalid_token", error_description="[ !#-[\]-~]*"$/,
  );
});
