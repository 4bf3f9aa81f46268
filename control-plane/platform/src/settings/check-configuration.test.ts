import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationProblems } from "./check-configuration.ts";

const schema = {
  type: "object",
  properties: {
    percent: { type: "number", minimum: 0, default: 2 },
    currency: { type: "string" },
    retry: { type: "object", properties: { times: { type: "integer" } } },
  },
  required: ["currency"],
};

test("everything that is wrong is named, and no value", async () => {
  const values = { percent: -1, retry: { times: "s3cret" }, other: 1 };
  const problems = await configurationProblems(schema, values);
  assert.deepEqual(problems, [
    "other is not declared; there are percent, currency, retry",
    "currency is not set",
    "percent must be >= 0",
    "retry.times must be integer",
  ]);
  assert.deepEqual(await configurationProblems(schema, { currency: "EUR" }), []);
});

test("what a service lets pass is not judged, and one without settings takes none", async () => {
  const open = { type: "object", properties: {}, additionalProperties: { type: "number" } };
  assert.deepEqual(await configurationProblems(open, { anything: 1 }), []);
  assert.deepEqual(await configurationProblems(open, { anything: "no" }), [
    "anything must be number",
  ]);
  assert.deepEqual(await configurationProblems(undefined, {}), []);
  const none = await configurationProblems(undefined, { percent: 1 });
  assert.deepEqual(none, ["percent is not declared; it has no settings"]);
});
