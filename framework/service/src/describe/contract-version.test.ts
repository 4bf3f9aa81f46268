import assert from "node:assert/strict";
import { test } from "node:test";
import { versionProblem } from "./contract-version.ts";

test("what is offered must keep what the caller was written against", () => {
  const cases: [used: string, offered: string, problem: string | undefined][] = [
    ["1.2.3", "1.2.3", undefined],
    ["1.2.3", "1.3.0", undefined],
    ["1.2.3", "1.2.2", "a later version"],
    ["1.3.0", "1.2.9", "a later version"],
    ["1.0.0", "2.0.0", "another major version"],
    ["2.0.0", "1.9.9", "another major version"],
    ["0.2.1", "0.2.4", undefined],
    ["0.2.1", "0.3.0", "another minor version, which may break below 1.0.0"],
    ["1.0.0-beta.1", "1.0.0", undefined],
  ];
  for (const [used, offered, problem] of cases)
    assert.equal(versionProblem(used, offered), problem, `${used} → ${offered}`);
});
