import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { KerfError } from "@kerf/kernel";
import { DatabaseServer } from "./server.ts";

test("a URL becomes a connection; over a network it is encrypted and verified", () => {
  const server = DatabaseServer.fromUrl("postgres://admin:p%40ss@db.example.com:6432/defaultdb\n");
  assert.deepEqual(server.admin(), {
    host: "db.example.com",
    port: 6432,
    database: "defaultdb",
    user: "admin",
    password: "p@ss",
    tls: { rejectUnauthorized: true },
  });
  assert.equal(server.admin("postgres").database, "postgres");
});

test("on this machine, and where it says so, it is not encrypted", () => {
  assert.equal(DatabaseServer.fromUrl("postgres://a:b@localhost").admin().tls, undefined);
  assert.equal(
    DatabaseServer.fromUrl("postgres://a:b@db/x?sslmode=disable").admin().tls,
    undefined,
  );
  assert.equal(DatabaseServer.fromUrl("postgres://a:b@[::1]:5433/x").admin().host, "::1");
  const socket = DatabaseServer.fromUrl(
    "postgres://a:b@localhost:5433/x?host=/run/postgresql",
  ).admin();
  assert.deepEqual([socket.host, socket.port, socket.tls], ["/run/postgresql", 5433, undefined]);
  assert.deepEqual(DatabaseServer.fromUrl("postgres://a:b@db?sslmode=require").admin().tls, {
    rejectUnauthorized: false,
  });
});

test("however it is printed, the password is not", () => {
  const server = DatabaseServer.fromUrl("postgres://admin:hunter2@db.example.com/x");
  for (const text of [
    inspect(server),
    inspect({ server }, { depth: 9, showHidden: true }),
    JSON.stringify(server),
    String(server),
  ]) {
    assert.ok(!text.includes("hunter2"), text);
    assert.match(text, /db\.example\.com/);
  }
});

test("a wrong URL is explained without being repeated", () => {
  for (const url of [
    "hunter2",
    "mysql://a:hunter2@db",
    "postgres://:hunter2@db",
    "postgres://hunter2@db",
    "postgres://a:hunter2@",
    "postgres://a:hunter2@db?sslmode=maybe",
    "postgres://a:hunter2@db?sslrootcert=/does/not/exist",
  ]) {
    assert.throws(
      () => DatabaseServer.fromUrl(url),
      (error: KerfError) => {
        assert.equal(error.code, "invalid_configuration");
        assert.ok(
          !`${error.message}${error.why}${error.fix}${inspect(error)}`.includes("hunter2"),
          url,
        );
        return true;
      },
    );
  }
});
