import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { formatApiKeys } from "@kerf/control-api/api-keys";
import { apiKeys, type RouteSettings, session } from "@kerf/service";
import { startForeign, startFront } from "../testing/front.ts";
import { startGatewayWith } from "../testing/gateway.ts";

/** A rate at which nothing comes back while a test runs. */
const rate = { requests: 2, perMs: 3_600_000 };

test("by key: each of a user's keys has a count", async (t) => {
  const [one, two] = ["1", "2"].map((n) => ({
    id: n.repeat(12),
    key: `kerf_${n.repeat(12)}_${n.repeat(43)}`,
  })) as [{ id: string; key: string }, { id: string; key: string }];
  const { url } = await startGatewayWith(t, ({ directory }) => {
    const file = join(directory, "api-keys.json");
    const keys = [one, two].map(({ id, key }) => ({
      id,
      sha256: createHash("sha256").update(key).digest("hex"),
      subject: "partner",
      claims: {},
      created: "2026-01-01T00:00:00.000Z",
    }));
    writeFileSync(file, formatApiKeys(keys), { mode: 0o600 });
    return { authentication: [apiKeys({ file })], limits: [{ by: "key", rate }] };
  });
  const statuses = async (headers: Record<string, string>): Promise<number[]> => {
    const found: number[] = [];
    for (let n = 0; n < 3; n++) found.push((await fetch(`${url}/notes`, { headers })).status);
    return found;
  };
  assert.deepEqual(await statuses({ "x-api-key": one.key }), [200, 200, 429]);
  assert.deepEqual(await statuses({ "x-api-key": two.key }), [200, 200, 429]);
  assert.deepEqual(await statuses({}), [200, 200, 429], "without one the address counts");
});

test("the routes of sessions are limited by address", async (t) => {
  const { url } = await startGatewayWith(t, () => ({
    authentication: [session({ oidc: { issuer: "https://login.invalid", clientId: "notes" } })],
    limits: [{ by: "address", rate, routes: ["/auth/*"] }],
    headers: { "x-front": "one" },
  }));
  const first = await fetch(`${url}/auth/session`);
  assert.deepEqual([first.status, first.headers.get("x-front")], [200, "one"]);
  assert.match(first.headers.get("ratelimit") ?? "", /^"address";r=1;/);
  assert.equal((await fetch(`${url}/auth/nothing`)).status, 404);
  const third = await fetch(`${url}/auth/session`);
  assert.equal(third.status, 429);
  assert.ok(Number(third.headers.get("retry-after")) > 0);
  assert.equal((await fetch(`${url}/notes`)).status, 200, "only they are");
});

test("foreign routes are limited by address and by user, and the services do not count them again", async (t) => {
  const asked: string[] = [];
  const legacy = await startForeign(t, (request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("x-front", "legacy").setHeader("vary", "cookie").end("old");
  });
  const routes: RouteSettings[] = [
    { path: "/old/*", to: { upstream: "legacy" } },
    { path: "/notes/*", to: "services" },
  ];
  const base = { upstreams: { legacy: { urls: [legacy.url] } }, routes };
  const { platform, url, place } = await startFront(t, {
    ...base,
    headers: { "x-front": "one" },
    limits: [
      { by: "address", rate: { requests: 10, perMs: 3_600_000 } },
      { by: "user", rate, routes: ["/old/*"] },
    ],
  });
  const first = await fetch(`${url}/old/a`);
  assert.equal(await first.text(), "old");
  assert.equal(first.headers.get("x-front"), "one", "the setting goes over the upstream's word");
  assert.equal(first.headers.get("vary"), "cookie");
  assert.match(first.headers.get("ratelimit") ?? "", /^"address";r=9;.*, "user";r=1;/);
  await (await fetch(`${url}/old/b`)).text();
  assert.equal((await fetch(`${url}/old/c`)).status, 429);
  assert.deepEqual(asked, ["/old/a", "/old/b"], "the upstream is not asked");

  const left = await fetch(`${url}/notes`);
  assert.equal(left.status, 200);
  assert.match(left.headers.get("ratelimit") ?? "", /^"address";r=6;t=\d+$/, "counted once");

  await place({ ...base, limits: [{ by: "user", rate, routes: ["/notes/*"] }] });
  const token = await platform.issuer.sign({ subject: "ada" });
  const mine = (): Promise<Response> =>
    fetch(`${url}/notes/mine`, { headers: { authorization: `Bearer ${token}` } });
  assert.match((await mine()).headers.get("ratelimit") ?? "", /^"user";r=1;/);
  await mine();
  assert.equal((await mine()).status, 429, "as the user that the services' route found");
  assert.equal((await fetch(`${url}/notes`)).status, 200);
});

test("pages of named origins may ask foreign routes as well", async (t) => {
  const asked: string[] = [];
  const legacy = await startForeign(t, (request, response) => {
    asked.push(request.method ?? "");
    response.setHeader("access-control-allow-origin", "https://other.example").end();
  });
  const { url } = await startFront(t, {
    upstreams: { legacy: { urls: [legacy.url] } },
    routes: [{ path: "/old/*", to: { upstream: "legacy" } }],
    cors: { origins: ["https://shop.example"] },
  });
  const headers = { origin: "https://shop.example", "access-control-request-method": "PUT" };
  const preflight = await fetch(`${url}/old/a`, { method: "OPTIONS", headers });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("access-control-allow-methods") ?? "", /PUT/);
  const answer = await fetch(`${url}/old/a`, { headers });
  assert.equal(answer.headers.get("access-control-allow-origin"), "https://shop.example");
  await (await fetch(`${url}/old/a`, { method: "OPTIONS" })).text();
  assert.deepEqual(asked, ["GET", "OPTIONS"], "only browsers' own question is answered here");
});
