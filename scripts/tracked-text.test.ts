import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "./tracked-text.ts";

const what = (text: string): string[] =>
  findings(text).map((finding) => `${finding.line} ${finding.what}`);

test("secrets, machine paths and registry hosts are found with their line", () => {
  const text = [
    `-----BEGIN RSA ${"PRIVATE"} KEY-----`,
    `key = AKIA${"A".repeat(16)}`,
    `token: ghp_${"a".repeat(36)}`,
    `//example.test/:_${"authToken"}=x`,
    `"resolved": "https://${"registry.npmjs"}.org/zod"`,
    `see /${"home"}/ada/src/kerf`,
    `at file:///${"root"}/kerf/x.ts`,
  ].join("\n");
  assert.deepEqual(what(text), [
    "1 a private key",
    "2 an AWS access key",
    "3 a GitHub token",
    "4 a registry credential",
    "5 the host of a registry",
    "6 a path of one machine",
    "7 a path of one machine",
  ]);
});

test("ordinary text is left alone", () => {
  for (const text of [
    "GET /home answers the home page",
    "import x from './root/index.ts'",
    "`${folder}/root/x` and node_modules/work/index.js",
    "npm_lifecycle_event",
    "BEGIN; SELECT 1; COMMIT",
  ])
    assert.deepEqual(what(text), [], text);
});
