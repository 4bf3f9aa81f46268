import assert from "node:assert/strict";
import { test } from "node:test";
import { mayCall, readEvents } from "./may-call.ts";
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
    assert.equal(mayCall(snapshot, caller, service, "get"), allowed);
  });
}

test("what is used in part is called in part, by a service and by a backend", () => {
  const operations = { shelf: ["get"] };
  const reader = { unit: "main", version: "1.0.0", uses: ["shelf"], operations };
  const web = {
    expose: [],
    backend: contract("page"),
    uses: ["shelf", "reader"],
    operations,
  };
  const partly = snapshotOf(1, 1, {
    services: { ...snapshot.services, reader },
    gateways: { web },
  });
  for (const caller of ["reader", "page"]) {
    assert.equal(mayCall(partly, caller, "shelf", "get"), true);
    assert.equal(mayCall(partly, caller, "shelf", "put"), false);
    assert.equal(mayCall(partly, caller, "shelf", "toString"), false);
  }
  assert.equal(mayCall(partly, "page", "reader", "anything"), true);
});

test("without a snapshot nobody is known", () => {
  assert.equal(mayCall(undefined, "reader", "shelf", "get"), false);
  assert.equal(mayCall(undefined, "shelf", "shelf", "get"), true);
});

test("a log is read by those that declare that they follow it", () => {
  const { services } = snapshot;
  const reader = { unit: "main", version: "1.0.0", uses: [], follows: ["shelf"] };
  const following = snapshotOf(1, 1, { services: { ...services, reader } });
  assert.equal(mayCall(following, "reader", "shelf", readEvents), true);
  assert.equal(mayCall(following, "reader", "shelf", "get"), false);
  const using = { ...reader, uses: ["shelf"], follows: [] };
  const calling = snapshotOf(1, 1, { services: { ...services, reader: using } });
  assert.equal(mayCall(calling, "reader", "shelf", readEvents), false);
  assert.equal(mayCall(calling, "reader", "shelf", "get"), true);
  // A platform of the version before says nothing of it.
  assert.equal(mayCall(snapshot, "reader", "shelf", readEvents), true);
});
