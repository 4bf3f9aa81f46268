import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { checkOrigin, checkToken } from "./guard.ts";

const request = (headers: Record<string, string>): IncomingMessage =>
  ({ headers }) as unknown as IncomingMessage;

function origin(headers: Record<string, string>): string | undefined {
  try {
    checkOrigin(request(headers), 8090);
    return undefined;
  } catch (error) {
    return (error as KerfError).code;
  }
}

test("only this machine's own names are taken as host", () => {
  for (const host of ["localhost:8090", "127.0.0.1:8090", "[::1]:8090", "LOCALHOST:8090"]) {
    assert.equal(origin({ host }), undefined, host);
  }
  for (const host of [
    "evil.example:8090",
    "localhost",
    "localhost:8091",
    "127.0.0.1.evil.example:8090",
    "",
  ]) {
    assert.equal(origin({ host }), "forbidden", host);
  }
  assert.equal(origin({}), "forbidden");
});

test("pages of other sites are refused, its own are not", () => {
  const host = "localhost:8090";
  assert.equal(origin({ host, origin: "http://localhost:8090" }), undefined);
  for (const other of [
    "http://evil.example",
    "http://localhost:3000",
    "https://localhost:8090",
    "null",
  ]) {
    assert.equal(origin({ host, origin: other }), "forbidden", other);
  }
});

test("the token must be there and right", () => {
  const token = "t".repeat(43);
  const team = { name: "team", services: ["counter"], at: "", by: "ada" };
  const narrowed = { find: (given: string) => (given === "team" ? team : undefined) };
  const holder = (authorization: string) => checkToken(request({ authorization }), token, narrowed);
  assert.equal(holder(`Bearer ${token}`), undefined);
  assert.equal(holder(`bearer ${token}`), undefined);
  assert.equal(holder("Bearer team"), team);
  for (const authorization of [
    "",
    "Bearer",
    `Basic ${token}`,
    `Bearer ${token}x`,
    "Bearer x",
    `Bearer ${token} x`,
  ]) {
    assert.throws(
      () => holder(authorization),
      (error: KerfError) =>
        error.code === "unauthenticated" && !`${error.message}${error.fix}`.includes(token),
      authorization,
    );
  }
});
