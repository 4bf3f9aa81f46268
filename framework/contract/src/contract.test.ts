import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { z } from "zod";
import { contract } from "./contract.ts";
import { error } from "./declared-error.ts";
import { event } from "./event.ts";
import { command, query, stream } from "./operation.ts";

const any = z.object({});

function problemsOf(make: () => unknown): string[] {
  try {
    make();
  } catch (thrown) {
    assert.equal((thrown as KerfError).code, "invalid_contract");
    return (thrown as KerfError & { data: { problems: string[] } }).data.problems;
  }
  return [];
}

test("everything wrong with a contract is reported at once, with the place where it is declared", () => {
  assert.throws(
    () =>
      contract("Orders!", {
        version: "one",
        operations: {
          get: query({ http: "FETCH /orders", input: any, output: any }),
          List: query({ input: any, output: z.object({ at: z.date() }) }),
          place: command({
            http: "GET /orders/{id}",
            input: any,
            output: any,
            errors: { bad: error({ status: 500 }) },
          }),
          follow: stream({
            input: any,
            output: z.strictObject({ n: z.int() }),
            cursor: "position",
          }),
          nothing: query({ input: 3 as never, output: any }),
        },
        events: {
          placed: event({ schema: z.strictObject({ id: z.string() }), key: "orderId", version: 0 }),
        },
      }),
    (thrown: KerfError) => {
      const text = thrown.message;
      for (const expected of [
        `name "Orders!"`,
        `version "one"`,
        `operations.get: http "FETCH /orders"`,
        "operations.List: the name",
        "operations.List: output is not JSON",
        "operations.place: a command changes things",
        "operations.place: http path parameter {id}",
        "operations.place: errors.bad: status 500",
        `operations.follow: cursor "position"`,
        "operations.nothing: input must be a Standard Schema",
        `events.placed: key "orderId"`,
        "events.placed: version 0",
      ]) {
        assert.ok(text.includes(expected), `${expected}\n${text}`);
      }
      assert.match(text, /declared at .*contract\.test\.ts:\d+/);
      return true;
    },
  );
});

test("routes of one contract do not collide, whatever their parameters are called", () => {
  const input = z.object({ id: z.string(), sku: z.string() });
  const problems = problemsOf(() =>
    contract("shop", {
      version: "1.0.0",
      operations: {
        a: query({ http: "GET /things/{id}", input, output: any }),
        b: query({ http: "GET /things/{sku}", input, output: any }),
        c: command({ http: "DELETE /things/{id}/{id}", input, output: any }),
      },
    }),
  );
  assert.deepEqual(problems, [
    "operations.b: http GET /things/{sku} is taken by operations.a already",
    "operations.c: http path /things/{id}/{id} names a parameter twice",
  ]);
});

test("an operation that is exposed must say who may call it", () => {
  const problems = problemsOf(() =>
    contract("shop", {
      version: "1.0.0",
      operations: { a: query({ http: "GET /a", access: "service", input: any, output: any }) },
    }),
  );
  assert.deepEqual(problems, [
    `operations.a: http needs access "public" or "user"; "service" is never exposed`,
  ]);
});

test("an operation that nobody thought about is for users only", () => {
  const made = contract("shop", {
    version: "1.0.0",
    operations: { a: query({ input: any, output: any }) },
  });
  assert.equal(made.operations.a.access, "user");
});
