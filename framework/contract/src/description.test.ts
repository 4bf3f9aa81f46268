import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { contract } from "./contract.ts";
import { error } from "./declared-error.ts";
import { describeContract } from "./description.ts";
import { event } from "./event.ts";
import { jsonSchema } from "./json-schema.ts";
import { command, query } from "./operation.ts";

test("a contract is data: its description is JSON and says what callers send and get", () => {
  const description = describeContract(
    contract("orders", {
      version: "2.1.0",
      operations: {
        get: query({
          http: "GET /orders/{id}",
          input: z.object({ id: z.string(), page: z.int().default(1) }),
          output: z.object({ total: z.string().transform(Number).pipe(z.number()) }),
          errors: { notFound: error({ status: 404, data: z.object({ id: z.string() }) }) },
        }),
        close: command({
          http: { route: "POST /orders/{id}/close", status: 202 },
          access: "public",
          deadlineMs: 500,
          input: jsonSchema<{ id: string }>({
            type: "object",
            properties: { id: { type: "string" } },
            required: ["id"],
          }),
          output: z.object({}),
        }),
      },
      events: { placed: event({ schema: z.object({ orderId: z.string() }), key: "orderId" }) },
    }),
  );
  assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
  assert.deepEqual(description.operations["get"]?.input["required"], ["id"]);
  assert.deepEqual(description.operations["get"]?.output["properties"], {
    total: { type: "number" },
  });
  assert.equal(description.operations["get"]?.errors["notFound"]?.status, 404);
  assert.deepEqual(description.operations["close"]?.http, {
    method: "POST",
    path: "/orders/{id}/close",
    status: 202,
  });
  assert.equal(description.operations["close"]?.access, "public");
  assert.equal(description.operations["close"]?.deadlineMs, 500);
  assert.deepEqual(Object.keys(description.events), ["placed"]);
});
