import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { once } from "node:events";
import { test } from "node:test";
import { fake, principal, startService } from "@kerf/testing";
import { catalog } from "./fixtures/contracts.ts";
import { followingMeter, meterService } from "./fixtures/meter.ts";
import { knowsOwners } from "./socket-owner.ts";

const prices = () =>
  fake(catalog, {
    price: ({ input }) => ({ cents: input.sku.length * input.days }),
    reserve: { by: "nobody" },
    prices: [{ n: 1 }, { n: 2 }],
  });

test("an operation is POST /NAME with its input, through the schema, and what belongs to the call", async () => {
  await using running = await startService(meterService());
  const { request, environment } = await running
    .as(principal("ada", { roles: ["editor"] }))
    .seen({}, { idempotencyKey: "key-1", deadlineMs: 5_000 });
  assert.equal(request.method, "POST");
  assert.equal(request.path, "/seen");
  assert.deepEqual(request.body, { text: "none" });
  const { headers } = request;
  // What the program can tell its sidecar by.
  assert.match(headers["x-kerf-token"] ?? "", /^[\w-]{43}$/);
  assert.match(headers["traceparent"] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  const left = Number(headers["x-kerf-deadline-ms"]);
  assert.ok(left > 0 && left <= 5_000, `${left}`);
  assert.equal(headers["idempotency-key"], "key-1");
  assert.ok((headers["x-kerf-caller"] ?? "").length > 0);
  const who = Buffer.from(headers["x-kerf-principal"] ?? "", "base64url").toString();
  assert.deepEqual(JSON.parse(who), { subject: "ada", claims: { roles: ["editor"] } });
  assert.ok(Math.abs(Date.parse(headers["date"] ?? "") - Date.now()) < 5_000);
  // Nothing of this process's own environment, and no secret.
  assert.deepEqual(
    environment.filter((name) => name.startsWith("KERF_")),
    ["KERF_LISTEN", "KERF_SERVICE", "KERF_SOCKET", "KERF_TOKEN_FILE", "KERF_URL"],
  );
  assert.ok(!environment.includes("NODE_TEST_CONTEXT"));
});

test("an operation with a method and a path of its own comes there", async () => {
  await using running = await startService(meterService({ environment: { LISTEN_AT: "port" } }));
  const { request } = await running.client.read({ id: "a/b" });
  assert.equal(`${request.method} ${request.path}`, "GET /meters/a%2Fb?limit=5");
});

test("errors: declared ones with their data, codes of the platform, and plain statuses", async () => {
  await using running = await startService(meterService());
  const { client } = running;
  const declared = { code: "tooMuch", title: "Too much", data: { limit: 3 } };
  await assert.rejects(client.fail({ status: 409, problem: declared }), {
    code: "tooMuch",
    declared: true,
    data: { limit: 3 },
  });
  await assert.rejects(client.fail({ status: 400, problem: { ...declared, data: {} } }), {
    code: "invalid_output",
  });
  await assert.rejects(client.fail({ status: 404, problem: null }), { code: "not_found" });
  await assert.rejects(
    client.fail({ status: 503, problem: { code: "overloaded", detail: "Later." } }),
    { code: "overloaded" },
  );
  await assert.rejects(client.fail({ status: 500, problem: null }), { code: "internal" });
  // The answer goes through the contract here: the program cannot break it.
  await assert.rejects(client.fail({ status: 200, problem: { cents: "many" } }), {
    code: "invalid_output",
  });
});

test("streams: lines of JSON, server-sent events, a cursor, a failure in the middle", async () => {
  await using running = await startService(meterService());
  const { client } = running;
  const all = async (items: AsyncIterable<{ n: number }>): Promise<number[]> => {
    const numbers: number[] = [];
    for await (const { n } of items) numbers.push(n);
    return numbers;
  };
  assert.deepEqual(await all(client.lines({ until: 3 })), [1, 2, 3]);
  assert.deepEqual(await all(client.ticks({ until: 4 })), [1, 2, 3, 4]);
  assert.deepEqual(await all(client.ticks({ until: 4 }, { after: "2" })), [3, 4]);
  const seen: number[] = [];
  const broken = async (): Promise<void> => {
    for await (const { n } of client.lines({ until: 2, fail: true })) seen.push(n);
  };
  await assert.rejects(broken, { code: "unavailable" });
  assert.deepEqual(seen, [1, 2]);
});

test("the program learns that its caller left", async () => {
  await using running = await startService(meterService());
  await assert.rejects(running.client.hold({}, { deadlineMs: 200 }), { code: "deadline_exceeded" });
  assert.deepEqual(await running.client.left({}), { held: 0 });
});

test("the program calls what it uses: by proxy, by socket, by port, by name or by path", async () => {
  await using running = await startService(meterService(), { uses: { catalog: prices() } });
  const ask = async (asked: Parameters<typeof running.client.ask>[0]): Promise<unknown> => {
    const { status, body } = await running.client.ask(asked);
    assert.equal(status, 200, body);
    return JSON.parse(body) as unknown;
  };
  const body = { sku: "saw", days: 2 };
  assert.deepEqual(await ask({ way: "socket", path: "/catalog/price", body }), { cents: 6 });
  const named = { way: "socket", path: "/price", headers: { host: "catalog" }, body } as const;
  assert.deepEqual(await ask(named), { cents: 6 });
  assert.deepEqual(
    await ask({
      way: "socket",
      method: "GET",
      path: "/catalog/prices/saw?days=3",
      body: undefined,
    }),
    { cents: 9 },
  );
  if (!knowsOwners) return;
  assert.deepEqual(await ask({ way: "port", path: "/catalog/price", body }), { cents: 6 });
  assert.deepEqual(await ask({ way: "proxy", path: "http://catalog/price", body }), { cents: 6 });
});

test("a call goes on in the name of the one that it is made for, and of nobody without its id", async () => {
  const products = prices();
  await using running = await startService(meterService(), { uses: { catalog: products } });
  const asked = { way: "socket", path: "/catalog/reserve", body: { sku: "saw" } } as const;
  const named = await running.as("ada").ask(asked);
  assert.equal(named.status, 200, named.body);
  const [call] = products.calls.reserve;
  assert.equal(call?.principal?.subject, "ada");
  const unnamed = await running.as("ada").ask({ ...asked, inName: false });
  assert.equal(unnamed.status, 401, unnamed.body);
  const over = await running.client.ask({ ...asked, headers: { "x-kerf-call": "of-another" } });
  assert.equal(over.status, 409, over.body);
});

test("what cannot be called and what fails come as problems", async () => {
  const products = prices();
  await using running = await startService(meterService(), { uses: { catalog: products } });
  const ask = async (path: string, body: unknown): Promise<unknown[]> => {
    const answer = await running.client.ask({ way: "socket", path, body });
    return [answer.status, (JSON.parse(answer.body) as { code: string }).code];
  };
  assert.deepEqual(await ask("/catalog/nothing", {}), [404, "unknown_operation"]);
  assert.deepEqual(await ask("/users/list", {}), [404, "not_found"]);
  products.fail("price", "unavailable");
  assert.deepEqual(await ask("/catalog/price", { sku: "saw" }), [503, "unavailable"]);
});

test("a stream of another service comes as server-sent events", async () => {
  await using running = await startService(meterService(), { uses: { catalog: prices() } });
  const { body } = await running.client.ask({ way: "socket", path: "/catalog/prices", body: {} });
  assert.match(body, /id: 1\ndata: \{"n":1\}\n\nid: 2\ndata: \{"n":2\}\n\n: end/);
});

test("no host outside is reached but those that are allowed", { skip: !knowsOwners }, async () => {
  const outside = createServer((request, response) => {
    response.end(`${request.headers.host} ${String(request.headers["x-kerf-call"])}`);
  }).listen(0, "127.0.0.1");
  await once(outside, "listening");
  const host = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
  try {
    await using running = await startService(meterService({ allow: [host] }));
    const ask = (way: "proxy" | "connect", path: string) =>
      running.client.ask({ way, method: "GET", path, body: undefined });
    // What only the sidecar is told does not leave.
    assert.deepEqual(await ask("proxy", `http://${host}/`), {
      status: 200,
      body: `${host} undefined`,
    });
    assert.equal((await ask("connect", host)).status, 200);
    assert.equal((await ask("proxy", "http://example.com/")).status, 403);
    assert.equal((await ask("connect", "example.com:443")).status, 403);
  } finally {
    outside.close();
    outside.closeAllConnections();
  }
});

test("pages in a browser and wrong tokens are not let in", async () => {
  await using running = await startService(meterService(), { uses: { catalog: prices() } });
  const status = async (headers: Record<string, string>): Promise<number> =>
    (
      await running.client.ask({
        way: "port",
        path: "/catalog/price",
        body: { sku: "saw" },
        headers,
      })
    ).status;
  assert.equal(await status({ "x-kerf-token": "guessed" }), 403);
  assert.equal(await status({ "proxy-authorization": "Bearer guessed" }), 403);
  assert.equal(await status({ origin: "http://evil.example" }), 403);
});

test("events come as CloudEvents, 2xx is applied, anything else is not", async () => {
  await using running = await startService(followingMeter(), { uses: { catalog: prices() } });
  await running.receive(catalog, "changed", { sku: "saw", cents: 5 });
  const { events } = await running.client.applied({});
  assert.equal(events.length, 1);
  const [event] = events;
  assert.equal(event?.path, "/events/catalog/changed");
  assert.deepEqual(event?.body, { sku: "saw", cents: 5 });
  assert.equal(event?.headers["ce-specversion"], "1.0");
  assert.equal(event?.headers["ce-type"], "catalog.changed");
  assert.equal(event?.headers["ce-source"], "/catalog");
  assert.equal(event?.headers["ce-subject"], "saw");
  assert.match(event?.headers["ce-id"] ?? "", /^\d+$/);
  await assert.rejects(running.receive(catalog, "changed", { sku: "saw", cents: -1 }), {
    code: "internal",
  });
});

test("events go into the service's log where it has one, and are refused where it has none", async () => {
  const asked = { way: "socket", path: "/events/measured", body: { id: "a", watts: 5 } } as const;
  {
    await using running = await startService(followingMeter(), { uses: { catalog: prices() } });
    assert.equal((await running.client.ask(asked)).status, 204);
    const wrong = await running.client.ask({ ...asked, body: { id: "a", watts: "many" } });
    assert.equal(wrong.status, 400, wrong.body);
    assert.deepEqual(await running.emitted(), [
      { name: "measured", key: "a", payload: { id: "a", watts: 5 } },
    ]);
  }
  await using without = await startService(meterService());
  const { status, body } = await without.client.ask(asked);
  assert.equal(status, 409, body);
  assert.match(body, /no database/);
});
