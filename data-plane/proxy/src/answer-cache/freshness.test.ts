import assert from "node:assert/strict";
import { test } from "node:test";
import { type Freshness, freshnessOf } from "./freshness.ts";

const wall = Date.parse("Tue, 03 Mar 2026 12:00:00 GMT");
const asked = new Set(["accept", "accept-encoding"]);

function kept(head: Record<string, string>, status = 200, delayMs = 0): Freshness | undefined {
  return freshnessOf(status, Object.entries(head).flat(), { wall, delayMs }, asked);
}

const control = (text: string): Freshness | undefined => kept({ "cache-control": text });

test("only what its upstream says explicitly, and says of everybody, is kept", () => {
  for (const text of [
    "",
    "public",
    "no-store, max-age=60",
    "max-age=60, no-store",
    "private, max-age=60",
    'private="set-cookie", max-age=60',
    "PRIVATE, max-age=60",
    "no-cache, max-age=60",
    "max-age=0",
    "max-age=-1",
    "max-age=soon",
    'max-age="60',
    "max-age=60, max-age=0",
    "s-maxage=0, max-age=60",
    'x="max-age=60"',
  ])
    assert.equal(control(text), undefined, text);
  const maxAge = { "cache-control": "max-age=60" };
  assert.equal(kept({ ...maxAge, "set-cookie": "a=1" }), undefined);
  for (const vary of ["*", "accept, cookie", "Accept-Encoding,*", "origin"])
    assert.equal(kept({ ...maxAge, vary }), undefined, vary);
  assert.equal(kept({ ...maxAge, vary: "Accept-Encoding, Accept" })?.freshMs, 60_000);
  for (const status of [201, 204, 206, 302, 304, 400, 401, 403, 500, 503])
    assert.equal(kept(maxAge, status), undefined, String(status));
  for (const status of [200, 301, 308, 404, 410])
    assert.equal(kept(maxAge, status)?.freshMs, 60_000, String(status));
});

test("how long it is fresh is said by s-maxage, max-age or Expires, in this order; its age counts", () => {
  assert.equal(control("max-age=60, s-maxage=10")?.freshMs, 10_000);
  assert.equal(control('max-age="60"')?.freshMs, 60_000);
  assert.equal(control("max-age=99999999999999999999")?.freshMs, 2_147_483_648_000);
  const expires = "Tue, 03 Mar 2026 12:00:30 GMT";
  assert.equal(kept({ expires })?.freshMs, 30_000);
  assert.equal(kept({ expires, date: "Tue, 03 Mar 2026 11:59:50 GMT" })?.initialAgeMs, 10_000);
  for (const over of ["0", "-1", "Tuesday, 03-Mar-26 12:00:30 GMT", `${expires}, ${expires}`])
    assert.equal(kept({ expires: over }), undefined, over);
  assert.equal(kept({ expires: "0", "cache-control": "max-age=5" })?.freshMs, 5_000);
  assert.equal(kept({ "cache-control": "max-age=60", age: "20" }, 200, 500)?.initialAgeMs, 20_500);
  assert.equal(kept({ "cache-control": "max-age=60", age: "60" }), undefined, "used up on its way");
  assert.equal(kept({ "cache-control": "max-age=60", age: "old" })?.initialAgeMs, 0);
});

test("stale answers, and those to requests with credentials, are used only where the upstream says so", () => {
  const swr = "max-age=1, stale-while-revalidate=5, stale-if-error=9";
  assert.deepEqual(control(swr), {
    freshMs: 1_000,
    initialAgeMs: 0,
    staleWhileRevalidateMs: 5_000,
    staleIfErrorMs: 9_000,
    forAuthorized: false,
  });
  for (const strict of ["must-revalidate", "proxy-revalidate"]) {
    const { staleIfErrorMs, staleWhileRevalidateMs } = control(`${swr}, ${strict}`) as Freshness;
    assert.deepEqual([staleIfErrorMs, staleWhileRevalidateMs], [0, 0], strict);
  }
  for (const text of ["public, max-age=1", "s-maxage=1", "must-revalidate, max-age=1"])
    assert.equal(control(text)?.forAuthorized, true, text);
  assert.equal(control("proxy-revalidate, max-age=1")?.forAuthorized, false);
});
