import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutLineEnd } from "../secrets/read-value.ts";
import { readSettings } from "./setting-values.ts";

const schema = {
  properties: {
    currency: { type: "string" },
    percent: { type: "number" },
    times: { type: "integer" },
    mode: { enum: ["fast", "safe"] },
    limit: { anyOf: [{ type: "integer" }, { type: "null" }] },
    tiers: { type: "array" },
  },
};

test("a value is text where the setting is text, and JSON otherwise", () => {
  const given = [
    "currency=123",
    "percent=1.5",
    "times=3",
    "mode=fast",
    "limit=null",
    'tiers=[{"from":1}]',
    "unknown=a=b",
  ];
  assert.deepEqual(readSettings(given, schema), {
    currency: "123",
    percent: 1.5,
    times: 3,
    mode: "fast",
    limit: null,
    tiers: [{ from: 1 }],
    unknown: "a=b",
  });
});

test("everything that cannot be read is named at once", () => {
  assert.throws(() => readSettings(["percent", "=1", "times=many", "mode=a", "mode=b"], schema), {
    code: "usage",
    message:
      /"percent" is no NAME=VALUE; "=1" is no NAME=VALUE; the value of times is no JSON; mode is given twice/,
  });
});

test("one line end at the end of a secret is left out, and that is told", () => {
  assert.deepEqual(withoutLineEnd("key\n"), { value: "key", dropped: true });
  assert.deepEqual(withoutLineEnd("key\r\n"), { value: "key", dropped: true });
  assert.deepEqual(withoutLineEnd("two\nlines\n\n"), { value: "two\nlines\n", dropped: true });
  assert.deepEqual(withoutLineEnd("key"), { value: "key", dropped: false });
});
