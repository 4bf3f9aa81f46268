import assert from "node:assert/strict";
import { test } from "node:test";
import { mayCall } from "./may-call.ts";
import { snapshotOf } from "./testing/keys.ts";

const contract = (name: string) => ({ name, version: "1.0.0", operations: {}, events: {} });
const snapshot = snapshotOf(1, 1, {
  gateways: {
    web: { expose: [contract("shelf")], backend: contract("web-backend"), uses: ["reader"] },
  },
});

const rows: readonly [caller: string, service: string, allowed: boolean][] = [
  ["reader", "shelf", true],
  ["shelf", "reader", false],
  ["shelf", "shelf", true],
  ["gateway:web", "shelf", true],
  ["gateway:web", "web-backend", true],
  ["gateway:web", "reader", true],
  ["gateway:web", "payments", false],
  ["gateway:mobile", "shelf", false],
  ["gateway:toString", "shelf", false],
  ["web-backend", "reader", true],
  ["web-backend", "shelf", false],
  ["platform", "payments", true],
  ["operator", "payments", true],
  ["toString", "shelf", false],
  ["nobody", "shelf", false],
];

for (const [caller, service, allowed] of rows) {
  test(`${caller} ${allowed ? "may" : "may not"} call ${service}`, () => {
    assert.equal(mayCall(snapshot, caller, service), allowed);
  });
}

test("without a snapshot nobody is known", () => {
  assert.equal(mayCall(undefined, "reader", "shelf"), false);
  assert.equal(mayCall(undefined, "shelf", "shelf"), true);
});
