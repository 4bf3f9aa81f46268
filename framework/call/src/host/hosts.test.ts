import assert from "node:assert/strict";
import { test } from "node:test";
import { validate } from "@kerf/contract";
import type { KerfError } from "@kerf/kernel";
import { hosts } from "./hosts.ts";

const attachment = {
  instance: "main-1",
  unit: "main",
  pid: 12,
  address: "unix:/tmp/main-1.sock",
  state: "starting",
  files: ["/app/a.ts"],
  token: "t",
};

const read = (value: unknown) =>
  validate(hosts.operations.attach.input, value, "invalid_input", "hosts.attach");

test("what it does not know is dropped, so that a newer host may say more", () => {
  assert.deepEqual(read({ ...attachment, shoeSize: 43 }), attachment);
});

test("whatever is missing or of another kind is refused with its name", () => {
  for (const [name, value] of [
    ["instance", 7],
    ["pid", -1],
    ["pid", 1.5],
    ["state", "happy"],
    ["files", "a.ts"],
    ["files", [1]],
    ["token", undefined],
    ["token", "x".repeat(300)],
  ] as const) {
    assert.throws(
      () => read({ ...attachment, [name]: value }),
      (error: KerfError) => error.code === "invalid_input" && error.message.includes(name),
    );
  }
  assert.throws(() => read(null));
  assert.throws(() => read([]));
});
