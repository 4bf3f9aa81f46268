import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { z } from "zod";
import { contract } from "./contract.ts";
import { describeContract } from "./description.ts";
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

test("an objective promises what can be kept, and is part of the description", () => {
  const of = (objective: unknown, kind = query) =>
    problemsOf(() =>
      contract("shop", {
        version: "1.0.0",
        operations: { a: kind({ input: any, output: any, objective: objective as never }) },
      }),
    );
  const wrong = { available: 1, within: { ms: 0, share: 0.2, mean: 1 }, p99: 1 };
  assert.deepEqual(of(wrong), [
    "operations.a: objective.p99 is no field; there are available, within",
    "operations.a: objective.available 1 must be a share from 0.5 to 0.99999, such as 0.999",
    "operations.a: objective.within.mean is no field; there are ms, share",
    "operations.a: objective.within.ms 0 must be from 1 to 3600000",
    "operations.a: objective.within.share 0.2 must be a share from 0.5 to 0.99999, such as 0.999",
  ]);
  assert.deepEqual(of({}), ["operations.a: objective promises nothing; false says so"]);
  assert.deepEqual(of("high"), ["operations.a: objective must be { available, within } or false"]);
  assert.deepEqual(of({ within: { ms: 1, share: 0.9 } }, stream as never), [
    "operations.a: objective.within: a stream is answered item by item; it has no time of its own",
  ]);
  const objective = { available: 0.9, within: { ms: 300, share: 0.99 } };
  const { operations } = describeContract(
    contract("shop", {
      version: "1.0.0",
      operations: {
        a: query({ input: any, output: any, objective }),
        b: query({ input: any, output: any, objective: false }),
        c: query({ input: any, output: any }),
      },
    }),
  );
  assert.deepEqual(
    Object.values(operations).map((described) => described.objective),
    [objective, false, undefined],
  );
});

test("an operation that nobody thought about is for users only", () => {
  const made = contract("shop", {
    version: "1.0.0",
    operations: { a: query({ input: any, output: any }) },
  });
  assert.equal(made.operations.a.access, "user");
});
