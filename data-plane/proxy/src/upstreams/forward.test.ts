import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request as httpRequest, type RequestListener } from "node:http";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import type { Problem } from "@kerf/call/http";
import type { GatewaySettings, RouteSettings, UpstreamSettings } from "@kerf/service";
import { startForeign, startFront, type TestFront } from "../testing/front.ts";

function legacy(
  urls: readonly string[],
  route: Partial<RouteSettings> = {},
  upstream: Partial<UpstreamSettings> = {},
): GatewaySettings {
  return {
    upstreams: { legacy: { urls, ...upstream } },
    routes: [{ path: "/shop/*", to: { upstream: "legacy" }, ...route }],
  };
}

async function inFront(
  t: TestContext,
  listener: RequestListener,
  route: Partial<RouteSettings> = {},
  upstream: Partial<UpstreamSettings> = {},
): Promise<TestFront & { foreign: Awaited<ReturnType<typeof startForeign>> }> {
  const foreign = await startForeign(t, listener);
  return { ...(await startFront(t, legacy([foreign.url], route, upstream))), foreign };
}

async function problemOf(response: Response, status: number, code: string): Promise<Problem> {
  const problem = (await response.json()) as Problem;
  assert.deepEqual([response.status, problem.code], [status, code]);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  assert.equal(response.headers.get("x-trace-id"), problem.traceId);
  return problem;
}

const text = async (message: IncomingMessage): Promise<string> =>
  Buffer.concat(await Array.fromAsync(message as AsyncIterable<Buffer>)).toString();

/** Answers with what it was asked. */
const echo: RequestListener = (request, response) =>
  void text(request).then((body) =>
    response
      .writeHead(201, { "content-type": "application/json", "set-cookie": ["a=1", "b=2"] })
      .end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          headers: request.headers,
          body,
        }),
      ),
  );

type Echoed = { method: string; url: string; headers: Record<string, string>; body: string };

test("a request reaches a foreign program and its answer the client, contracts' routes beside", async (t) => {
  const { url, lines } = await inFront(t, echo);
  const response = await fetch(`${url}/shop/a%2Fb/c?x=1&y=%20`, {
    method: "POST",
    body: "hi",
    headers: { "x-own": "1", traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` },
  });
  assert.equal(response.status, 201);
  assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
  const seen = (await response.json()) as Echoed;
  assert.equal(seen.url, "/shop/a%2Fb/c?x=1&y=%20");
  assert.deepEqual([seen.method, seen.body, seen.headers["x-own"]], ["POST", "hi", "1"]);
  assert.equal(seen.headers["via"], "1.1 kerf-web");
  assert.match(seen.headers["traceparent"] ?? "", new RegExp(`^00-${"1".repeat(32)}-(?!2{16})`));
  assert.equal(response.headers.get("x-trace-id"), "1".repeat(32));
  assert.equal((await fetch(`${url}/notes`)).status, 200);
  assert.equal((await fetch(`${url}/other`)).status, 404);
  assert.equal((await fetch(`${url}/shop/%2e%2e/x`)).status, 404, "fetch resolves it: /x");
  const line = lines.find(({ upstream }) => upstream === "legacy");
  assert.deepEqual([line?.["route"], line?.["status"]], ["/shop/*", 201]);
});

test("what is for one connection stays on it, and only trusted proxies say who the client is", async (t) => {
  const sent = {
    connection: "keep-alive, x-hop",
    "x-hop": "1",
    "keep-alive": "timeout=9",
    te: "trailers",
    "proxy-authorization": "Basic eA==",
    forwarded: "for=9.9.9.9",
    "x-forwarded-for": "9.9.9.9",
    "x-forwarded-host": "evil.example",
    "x-real-ip": "9.9.9.9",
    "x-original-url": "/admin",
    "x-kerf-principal": "root",
    "x-forwarded-user": "root",
    host: "shop.example",
  };
  const ask = async (url: string): Promise<Record<string, string>> => {
    const outgoing = httpRequest(`${url}/shop`, { headers: sent });
    outgoing.end();
    const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
    return (JSON.parse(await text(answer)) as Echoed).headers;
  };
  const { url, foreign, place } = await inFront(t, echo);
  const plain = await ask(url);
  for (const name of [
    "x-hop",
    "te",
    "proxy-authorization",
    "x-real-ip",
    "x-original-url",
    "x-kerf-principal",
    "x-forwarded-user",
    "keep-alive",
  ])
    assert.equal(plain[name], undefined, name);
  assert.equal(plain["x-forwarded-for"], "127.0.0.1");
  assert.equal(plain["x-forwarded-host"], "shop.example");
  assert.equal(plain["x-forwarded-proto"], "http");
  assert.equal(plain["forwarded"], 'for=127.0.0.1;host="shop.example";proto=http');
  assert.equal(plain["host"], new URL(foreign.url).host);

  await place({
    ...legacy([foreign.url], {}, { host: "client" }),
    trustedProxies: ["127.0.0.0/8"],
  });
  const trusted = await ask(url);
  assert.equal(trusted["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
  assert.equal(trusted["x-forwarded-host"], "evil.example");
  assert.equal(trusted["x-real-ip"], "9.9.9.9");
  assert.equal(trusted["host"], "shop.example");
  assert.equal(trusted["x-kerf-principal"], undefined);
});

test("answers without a body, with trailers, early hints and headers for one connection", async (t) => {
  const { url } = await inFront(t, (request, response) => {
    switch (request.url) {
      case "/shop/204":
        return void response.writeHead(204).end();
      case "/shop/304":
        return void response.writeHead(304, { etag: '"x"' }).end();
      case "/shop/head":
        return void response.writeHead(200, { "content-length": 12 }).end();
      case "/shop/hints":
        response.writeEarlyHints({ link: "</a.css>; rel=preload" });
        return void response.end("late");
      default:
        response.writeHead(200, {
          trailer: "x-sum",
          connection: "keep-alive, x-hop",
          "x-hop": "1",
        });
        response.write("body");
        response.addTrailers({ "x-sum": "7" });
        response.end();
    }
  });
  assert.equal((await fetch(`${url}/shop/204`)).status, 204);
  const unchanged = await fetch(`${url}/shop/304`);
  assert.deepEqual([unchanged.status, unchanged.headers.get("etag")], [304, '"x"']);
  const head = await fetch(`${url}/shop/head`, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), "12");

  const hinted = httpRequest(`${url}/shop/hints`).end();
  const information = once(hinted, "information") as Promise<[{ statusCode: number }]>;
  const [late] = (await once(hinted, "response")) as [IncomingMessage];
  assert.equal((await information)[0].statusCode, 103);
  assert.equal(await text(late), "late");

  const outgoing = httpRequest(`${url}/shop/trailers`, { headers: { te: "trailers" } }).end();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  assert.equal(answer.headers["x-hop"], undefined);
  assert.equal(await text(answer), "body");
  assert.equal(answer.trailers["x-sum"], "7");
});

test("a large body streams through, with and without its length, and waits where it is asked to", async (t) => {
  const size = 3_000_000;
  const { url } = await inFront(
    t,
    (request, response) =>
      void text(request).then(
        (body) => response.end(`${request.headers["content-length"]} ${body.length}`),
        () => {}, // The one that is too large is broken off.
      ),
    { maxBodyBytes: size },
  );
  const whole = await fetch(`${url}/shop`, { method: "POST", body: "x".repeat(size) });
  assert.equal(await whole.text(), `${size} ${size}`);
  const pieces = ReadableStream.from(Array.from({ length: 30 }, () => Buffer.alloc(100_000, "x")));
  const chunked = await fetch(`${url}/shop`, {
    method: "POST",
    body: pieces,
    duplex: "half",
  } as RequestInit);
  assert.equal(await chunked.text(), `undefined ${size}`);
  const tooLarge = ReadableStream.from(
    Array.from({ length: 31 }, () => Buffer.alloc(100_000, "x")),
  );
  await problemOf(
    await fetch(`${url}/shop`, { method: "POST", body: tooLarge, duplex: "half" } as RequestInit),
    413,
    "payload_too_large",
  );
  for (const length of [10, 100_000]) {
    const expecting = httpRequest(`${url}/shop`, {
      method: "PUT",
      headers: { expect: "100-continue", "content-length": length },
    });
    expecting.flushHeaders();
    await once(expecting, "continue");
    expecting.end("y".repeat(length));
    const [answer] = (await once(expecting, "response")) as [IncomingMessage];
    assert.equal(await text(answer), `${length} ${length}`);
  }
});

test("a client that reads slowly holds the upstream back", async (t) => {
  const total = 200_000_000;
  let sent = 0;
  const { promise: held, resolve: hold } = Promise.withResolvers<void>();
  const { url } = await inFront(t, (_request, response) => {
    const chunk = Buffer.alloc(1_000_000);
    // Held: so many turns of the event loop, in which everything that can move does, without a byte taken.
    const watch = (before: number, turns: number): void => {
      if (sent !== before) watch(sent, 5_000);
      else if (turns === 0) hold();
      else setImmediate(watch, before, turns - 1);
    };
    const more = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!response.write(chunk)) return void response.once("drain", more);
      }
    };
    watch(0, 5_000);
    more();
  });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {}).pause();
  socket.write("GET /shop/big HTTP/1.1\r\nhost: x\r\n\r\n");
  await held;
  assert.ok(sent < total / 2, `${sent} bytes were taken without a reader`);
  socket.destroy();
});

test("a client that leaves cancels at the upstream", async (t) => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { url, lines } = await inFront(t, (request, response) => {
    response.once("close", leave);
    if (request.url === "/shop/hang") arrive();
  });
  const outgoing = httpRequest(`${url}/shop/hang`).on("error", () => {});
  outgoing.end();
  await arrived;
  outgoing.destroy();
  await left;
  assert.ok(lines.every(({ status }) => status !== 502));
});

test("an upstream that breaks off, answers no HTTP, or not in time: a problem for each", async (t) => {
  const { url, foreign, place } = await inFront(
    t,
    (request, response) => {
      switch (request.url) {
        case "/shop/reset":
          return void request.socket.destroy();
        case "/shop/garbage":
          return void request.socket.end("SSH-2.0-x\r\n\r\n");
        case "/shop/part":
          response.writeHead(200, { "content-length": 10 }).write("part");
          return void setImmediate(() => request.socket.destroy());
        default:
      }
    },
    {},
    { policies: { deadlineMs: 150 } },
  );
  await problemOf(await fetch(`${url}/shop/reset`), 502, "bad_gateway");
  await problemOf(await fetch(`${url}/shop/garbage`), 502, "protocol_error");
  await problemOf(await fetch(`${url}/shop/hang`, { method: "POST" }), 504, "deadline_exceeded");
  const part = await fetch(`${url}/shop/part`);
  await assert.rejects(part.text(), "what is not complete must not look complete");
  await foreign.close();
  await place(legacy([foreign.url]));
  const refused = await fetch(`${url}/shop`);
  await problemOf(refused, 503, "unavailable");
  assert.equal(refused.headers.get("retry-after"), "1");
});

test("another instance is asked where that is safe, and only there", async (t) => {
  const asked: string[] = [];
  const broken = await startForeign(t, (request) => {
    asked.push(request.method ?? "");
    request.socket.destroy();
  });
  const gone = await startForeign(t, () => {});
  await gone.close();
  const well = await startForeign(t, echo);
  const { url, place } = await startFront(t, legacy([gone.url, well.url]));
  // Nobody was there: nothing was executed, whatever the method.
  for (let n = 0; n < 10; n++)
    assert.equal((await fetch(`${url}/shop`, { method: "POST", body: "x" })).status, 201);
  await place(legacy([broken.url, well.url]));
  for (let n = 0; n < 10; n++) {
    const method = n % 2 === 0 ? "GET" : "PUT";
    const body = method === "PUT" ? "x" : null;
    assert.equal((await fetch(`${url}/shop`, { method, body })).status, 201);
  }
  await place(legacy([broken.url]));
  asked.length = 0;
  await problemOf(await fetch(`${url}/shop`, { method: "POST", body: "x" }), 502, "bad_gateway");
  assert.deepEqual(asked, ["POST"], "nobody knows whether it was executed");
});

test("requests beyond the bound wait, and beyond the queue are refused", async (t) => {
  const waiting: (() => void)[] = [];
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { url } = await inFront(
    t,
    (_request, response) => {
      waiting.push(() => response.end("ok"));
      arrive();
    },
    {},
    { policies: { maxInFlight: 1, maxQueued: 1 } },
  );
  const first = fetch(`${url}/shop`);
  await arrived;
  const refused = await Promise.race([fetch(`${url}/shop`), fetch(`${url}/shop`)]);
  await problemOf(refused, 503, "overloaded");
  waiting.shift()?.();
  assert.equal(await (await first).text(), "ok");
});

test("an instance whose health fails gets no requests until it is well again", async (t) => {
  const isWell = [true, true];
  const served = [0, 0];
  const instances = await Promise.all(
    [0, 1].map((n) =>
      startForeign(t, (request, response) => {
        if (request.url === "/health")
          return void response.writeHead(isWell[n] === true ? 200 : 500).end();
        (served[n] as number)++;
        response.end();
      }),
    ),
  );
  const { url, lines, said } = await startFront(
    t,
    legacy(
      instances.map((instance) => instance.url),
      {},
      { health: { path: "/health", intervalMs: 100, unhealthyAfter: 1, healthyAfter: 1 } },
    ),
  );
  const before = lines.length;
  isWell[0] = false;
  await said(/^1 of 2 instances of legacy are not well/, before);
  served.fill(0);
  for (let n = 0; n < 10; n++) await (await fetch(`${url}/shop`)).text();
  assert.deepEqual(served, [0, 10]);
  const after = lines.length;
  isWell[0] = true;
  await said(/^0 of 2 instances/, after);
});
