import assert from "node:assert/strict";
import { test } from "node:test";
import { findingText, verdictOf } from "./finding.ts";
import { contractCases } from "./testing/cases.ts";

for (const { part, change, oldConsumer, newConsumer, says, findings } of contractCases) {
  test(`${part}: ${change}`, () => {
    assert.deepEqual([...findings.old, ...findings.new].map(findingText), says);
    assert.equal(verdictOf(findings.old), oldConsumer);
    assert.equal(verdictOf(findings.new), newConsumer);
    assert.deepEqual(JSON.parse(JSON.stringify(findings)), findings);
  });
}
