import assert from "node:assert/strict";
import { test } from "node:test";
import { isAsset } from "./assets.ts";

test("what the code reads beside itself is copied, what tsc compiles or only tests read is not", () => {
  const copied = [
    "src/guardian.sh",
    "src/sql/roles.sql",
    "src/page.html",
    "src/templates/app/service.ts",
  ];
  const left = [
    "src/index.ts",
    "src/host/main.ts",
    "src/host/main.test.ts",
    "src/fixtures/broken.sql",
    "src/types.d.ts",
    "src/http/testing/certificate.pem",
  ];
  assert.deepEqual([...copied, ...left].filter(isAsset), copied);
});
