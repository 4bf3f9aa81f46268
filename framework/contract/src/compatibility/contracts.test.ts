import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract } from "../contract.ts";
import { describeContract } from "../description.ts";
import { event } from "../event.ts";
import { only } from "../only.ts";
import { command, query } from "../operation.ts";
import { compareContracts } from "./contracts.ts";
import { findingText } from "./finding.ts";

const empty = z.object({});
const order = z.object({ id: z.string() });

const built = contract("orders", {
  version: "1.0.0",
  operations: {
    get: query({ input: order, output: z.object({ id: z.string(), total: z.int() }) }),
    place: command({ input: empty, output: order }),
  },
  events: {
    placed: event({ schema: order, key: "id" }),
    ended: event({ schema: order, key: "id" }),
  },
});
const live = describeContract(contract("orders", { version: "2.0.0", operations: {}, events: {} }));

test("only what a consumer uses is compared", () => {
  const consumer = describeContract(built);
  const said = (
    used: Pick<Parameters<typeof compareContracts>[0], "operations" | "events">,
  ): string[] =>
    compareContracts({ consumer, provider: live, consumerName: "web", ...used }).map(findingText);
  assert.deepEqual(said({ operations: ["get"], events: [] }), [
    "incompatible: web calls orders.get: orders does not offer it",
  ]);
  assert.deepEqual(said({ operations: [], events: ["ended"] }), [
    "incompatible: web follows orders.ended: orders does not publish it",
  ]);
  assert.deepEqual(said({ operations: [], events: [] }), []);
});

test("a contract that is used in part was built with that part", () => {
  const consumer = describeContract(only(built, "place"));
  const found = compareContracts({ consumer, provider: live, events: [] });
  assert.deepEqual(found, [
    {
      verdict: "incompatible",
      provider: "orders",
      operation: "place",
      direction: "operation",
      path: "",
      code: "operation_gone",
      message: "orders does not offer it",
    },
  ]);
});
