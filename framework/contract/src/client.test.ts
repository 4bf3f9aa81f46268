import assert from "node:assert/strict";
import { test } from "node:test";
import { DeclaredError, KerfError } from "@kerf/kernel";
import { type Call, safe } from "./client.ts";
import { error, errorConstructors } from "./declared-error.ts";

test("a declared error becomes a value, every other one is still thrown", async () => {
  const declared = new DeclaredError("notFound", undefined);
  assert.deepEqual(await safe(Promise.resolve(1) as Call<number, never>), { ok: true, value: 1 });
  assert.deepEqual(await safe(Promise.reject(declared) as Call<number, typeof declared>), {
    ok: false,
    error: declared,
  });
  await assert.rejects(
    safe(Promise.reject(new KerfError("unavailable", "away")) as Call<number, never>),
    /away/,
  );
});

test("constructors make the errors that the contract declares", () => {
  const { gone } = errorConstructors({ gone: error({ status: 410, message: "It is gone." }) });
  const made = gone();
  assert.equal(made.code, "gone");
  assert.equal(made.message, "It is gone.");
  assert.equal(made.declared, true);
});
