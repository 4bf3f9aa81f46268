import assert from "node:assert/strict";
import { test } from "node:test";
import type { CorsSettings } from "@kerf/service";
import { startFront } from "../testing/front.ts";

const shop = "https://shop.example";

function preflight(url: string, origin: string, method = "POST"): Promise<Response> {
  return fetch(url, {
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": method },
  });
}

test("pages of the origins named read answers, errors included; those of others do not", async (t) => {
  const { url } = await startFront(t, { cors: { origins: [shop], credentials: true } });
  for (const path of ["/notes", "/notes/mine", "/nowhere", "/notes/a/stream"]) {
    const answer = await fetch(url + path, { headers: { origin: shop } });
    assert.equal(answer.headers.get("access-control-allow-origin"), shop, path);
    assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
    assert.match(answer.headers.get("access-control-expose-headers") ?? "", /x-trace-id/);
    assert.match(answer.headers.get("vary") ?? "", /Origin/);
    await answer.text();
  }
  for (const origin of ["https://shop.example.evil.example", "http://shop.example", "null"]) {
    const answer = await fetch(`${url}/notes`, { headers: { origin } });
    assert.equal(answer.headers.get("access-control-allow-origin"), null, origin);
    assert.match(answer.headers.get("vary") ?? "", /Origin/);
  }
  assert.match((await fetch(`${url}/notes`)).headers.get("vary") ?? "", /Origin/);
});

test("a preflight is answered from the routes, without credentials and without a limit", async (t) => {
  const { url, place } = await startFront(t, {
    cors: { origins: [shop], headers: ["x-api-key"], maxAgeS: 5 },
    limits: [{ by: "everyone", rate: { requests: 1, perMs: 3_600_000 } }],
  });
  for (let n = 0; n < 3; n++) {
    const answer = await preflight(`${url}/notes/mine`, shop, "GET");
    assert.equal(answer.status, 204);
    assert.equal(answer.headers.get("access-control-allow-origin"), shop);
    assert.equal(answer.headers.get("access-control-allow-methods"), "GET, HEAD, OPTIONS, POST");
    assert.match(
      answer.headers.get("access-control-allow-headers") ?? "",
      /^authorization, content-type, idempotency-key, .*x-api-key$/,
    );
    assert.equal(answer.headers.get("access-control-max-age"), "5");
  }
  const other = await preflight(`${url}/notes`, "https://evil.example");
  assert.equal(other.headers.get("access-control-allow-methods"), null);
  assert.equal(other.headers.get("access-control-allow-origin"), null);
  assert.equal((await preflight(`${url}/nowhere`, shop)).status, 404);

  await place({});
  assert.equal((await preflight(`${url}/notes`, shop)).headers.get("vary"), null);
});

test("any origin may read what is for all, never with credentials", async (t) => {
  const cors = { origins: "any", credentials: true } as const satisfies CorsSettings;
  const { url } = await startFront(t, { cors });
  const answer = await fetch(`${url}/notes`, { headers: { origin: shop } });
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
  assert.equal(answer.headers.get("access-control-allow-credentials"), null);
});

test("an app adds headers and overrides those that are there", async (t) => {
  const { url } = await startFront(t, {
    headers: { "cross-origin-resource-policy": "cross-origin", "x-frame-options": "DENY" },
    trustedProxies: ["127.0.0.1"],
  });
  for (const path of ["/notes", "/nowhere", "/notes/a/stream"]) {
    const { headers } = await fetch(url + path);
    assert.equal(headers.get("cross-origin-resource-policy"), "cross-origin");
    assert.equal(headers.get("x-frame-options"), "DENY");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("strict-transport-security"), null, "not over plain HTTP");
  }
  const { headers } = await fetch(`${url}/notes`, { headers: { "x-forwarded-proto": "https" } });
  assert.equal(headers.get("strict-transport-security"), "max-age=31536000");
});
