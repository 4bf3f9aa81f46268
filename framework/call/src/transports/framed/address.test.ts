import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddress, parseAddress } from "./address.ts";

test("addresses are read and written back", () => {
  assert.deepEqual(parseAddress("unix:/run/kerf/a.sock"), {
    kind: "unix",
    path: "/run/kerf/a.sock",
  });
  assert.deepEqual(parseAddress("tcp:127.0.0.1:80"), { kind: "tcp", host: "127.0.0.1", port: 80 });
  assert.deepEqual(parseAddress("tcp:[::1]:80"), { kind: "tcp", host: "::1", port: 80 });
  assert.deepEqual(parseAddress("tcp:a-b.example:0"), {
    kind: "tcp",
    host: "a-b.example",
    port: 0,
  });
  for (const address of ["unix:/run/kerf/a.sock", "tcp:127.0.0.1:80", "tcp:[::1]:80"])
    assert.equal(formatAddress(parseAddress(address)), address);
});

test("what is no address is refused with what to write instead", () => {
  for (const address of [
    "",
    "/run/a.sock",
    "tcp:localhost",
    "tcp::80",
    "tcp:a:70000",
    "tcp:::1:80",
    "http://a",
  ]) {
    assert.throws(() => parseAddress(address), {
      code: "invalid_configuration",
      fix: /unix:\/path/,
    });
  }
  assert.throws(() => parseAddress("unix:a.sock"), /not absolute/);
});

test("a path that no socket can have is refused before the system cuts it off", () => {
  assert.equal(parseAddress(`unix:/${"a".repeat(99)}`).kind, "unix");
  assert.throws(() => parseAddress(`unix:/${"a".repeat(100)}`), /101 bytes long; at most 100/);
  assert.throws(() => parseAddress(`unix:/${"é".repeat(60)}`), /121 bytes long/);
});
