import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import type { KerfError } from "@kerf/kernel";
import { contract } from "./contract.ts";
import { event, upcast } from "./event.ts";

const changed = event({
  schema: z.object({ id: z.string(), cents: z.int(), currency: z.string() }),
  key: "id",
  version: 3,
  upcast: {
    1: ({ euros, ...rest }) => ({ ...rest, cents: euros * 100 }),
    2: (payload) => ({ ...payload, currency: "EUR" }),
  },
});

test("a payload is lifted version by version; one of today or tomorrow stays as it is", () => {
  assert.deepEqual(upcast(changed, 1, { id: "a", euros: 2 }), {
    id: "a",
    cents: 200,
    currency: "EUR",
  });
  assert.deepEqual(upcast(changed, 2, { id: "a", cents: 5 }), {
    id: "a",
    cents: 5,
    currency: "EUR",
  });
  const today = { id: "a", cents: 5, currency: "CHF" };
  assert.equal(upcast(changed, 3, today), today);
  assert.equal(upcast(changed, 4, today), today);
});

test("a version without an upcast of its own is read as it is", () => {
  const lenient = event({ schema: z.object({ id: z.string() }), key: "id", version: 2 });
  assert.deepEqual(upcast(lenient, 1, { id: "a", more: 1 }), { id: "a", more: 1 });
});

test("an upcast from a version that is not older is refused with the contract", () => {
  const wrong = event({
    schema: z.object({ id: z.string() }),
    key: "id",
    version: 2,
    upcast: { 2: (each) => each },
  });
  assert.throws(
    () => contract("broken", { version: "1.0.0", operations: {}, events: { wrong } }),
    (error: KerfError) => error.code === "invalid_contract" && /upcast\.2/.test(error.message),
  );
});
