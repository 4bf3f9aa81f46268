import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type Snapshot, StaticDiscovery } from "@kerf/call";
import { listenHttp } from "@kerf/call/http";
import { systemClock } from "@kerf/kernel";
import { answerHealth, type HealthFacts } from "./health.ts";

const placed = { unit: "main", version: "1.0.0", uses: [] };

async function serve(t: TestContext, facts: Partial<HealthFacts>): Promise<string> {
  const all: HealthFacts = {
    snapshot: () => ({ services: { b: placed, a: placed } }) as unknown as Snapshot,
    discovery: new StaticDiscovery({ a: ["unix:/a"], b: ["unix:/dead", "unix:/b"] }),
    reachability: { mayReach: (address) => address !== "unix:/dead" },
    own: [],
    draining: () => false,
    ...facts,
  };
  const listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    handler: (request, response) => {
      if (!answerHealth(request, response, all, systemClock)) response.writeHead(418).end();
    },
  });
  t.after(() => listener.close());
  return listener.url;
}

async function get(url: string): Promise<[number, unknown]> {
  const response = await fetch(url);
  return [response.status, await response.json()];
}

test("a service is up while one instance of it can be reached", async (t) => {
  const url = await serve(t, {});
  assert.deepEqual(await get(`${url}/health`), [
    200,
    { status: "ok", services: { a: "up", b: "up" } },
  ]);
  const cut = await serve(t, { reachability: { mayReach: (address) => address === "unix:/a" } });
  assert.deepEqual(await get(`${cut}/health`), [
    200,
    { status: "degraded", services: { a: "up", b: "down" } },
  ]);
  assert.deepEqual(await get(`${cut}/health/ready`), [200, { status: "ready" }]);
});

test("what drains says that it is not to be sent requests, and lives", async (t) => {
  const url = await serve(t, { draining: () => true });
  assert.equal((await get(`${url}/health`))[0], 503);
  assert.deepEqual(await get(`${url}/health/ready`), [503, { status: "draining" }]);
  assert.deepEqual(await get(`${url}/health/live`), [200, { status: "ok" }]);
});

test("before the first placement there is nothing to tell of", async (t) => {
  const url = await serve(t, { snapshot: () => undefined, own: ["web"] });
  assert.deepEqual(await get(`${url}/health`), [200, { status: "ok", services: { web: "up" } }]);
  assert.equal((await fetch(`${url}/healthy`)).status, 418);
});

test("while the app starts for the first time, what is missing is on its way", async (t) => {
  const starting = { starting: true, services: { a: placed, b: placed } } as unknown as Snapshot;
  const none = { mayReach: () => false };
  const url = await serve(t, { snapshot: () => starting, reachability: none });
  assert.deepEqual(await get(`${url}/health`), [
    503,
    { status: "starting", services: { a: "down", b: "down" } },
  ]);
  assert.deepEqual(await get(`${url}/health/ready`), [503, { status: "starting" }]);
  const up = await serve(t, { snapshot: () => starting });
  assert.equal((await get(`${up}/health`))[0], 200);
});
