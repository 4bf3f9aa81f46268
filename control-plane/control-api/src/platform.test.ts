import assert from "node:assert/strict";
import { test } from "node:test";
import { describeContract } from "@kerf/contract";
import { platform } from "./platform.ts";

test("the control API is plain data with a route for every operation", () => {
  const description = describeContract(platform);
  for (const [name, operation] of Object.entries(description.operations)) {
    assert.equal(operation.access, "user", name);
    assert.match(operation.http?.path ?? "", /^\/api\//, name);
  }
  assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
});
