import assert from "node:assert/strict";
import { once } from "node:events";
import {
  Agent,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
} from "node:http";
import { test, type TestContext } from "node:test";
import { type Clock, systemClock } from "@kerf/kernel";
import type { GatewaySettings, RouteCache, RouteSettings } from "@kerf/service";
import { startForeign, startFront, type TestFront } from "../testing/front.ts";
import { askHttp2, http2Session, startSecureFront } from "../testing/secure-front.ts";

/** Goes with the machine's, and can be put forward. */
class ForwardedClock implements Clock {
  aheadMs = 0;
  now(): number {
    return systemClock.now() + this.aheadMs;
  }
  wall(): number {
    return systemClock.wall() + this.aheadMs;
  }
  after(ms: number, fn: () => void): ReturnType<Clock["after"]> {
    return systemClock.after(ms, fn);
  }
}

interface Cached extends TestFront {
  /** What the upstream was asked, `GET /shop/a`. */
  readonly asked: string[];
  readonly clock: ForwardedClock;
  readonly settings: GatewaySettings;
  readonly get: (
    path: string,
    headers?: Record<string, string>,
    init?: RequestInit,
  ) => Promise<Response>;
}

/** A gateway that keeps answers of an upstream, which answers `/shop/*` as `listener` says. */
async function cached(
  t: TestContext,
  listener: RequestListener,
  cache: RouteCache = {},
  route: Partial<RouteSettings> = {},
  deadlineMs = 15_000,
  maxInFlight = 256,
): Promise<Cached> {
  const asked: string[] = [];
  const foreign = await startForeign(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    // The machine's would lag behind the clock that is put forward.
    response.sendDate = false;
    listener(request, response);
  });
  const settings: GatewaySettings = {
    upstreams: {
      legacy: { urls: [foreign.url], policies: { attempts: 1, deadlineMs, maxInFlight } },
    },
    routes: [{ path: "/shop/*", to: { upstream: "legacy" }, cache, ...route }],
  };
  const clock = new ForwardedClock();
  const front = await startFront(t, settings, {}, clock);
  return Object.assign(front, {
    asked,
    clock,
    settings,
    get: (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
      fetch(`${front.url}${path}`, { redirect: "manual", ...init, headers }),
  });
}

const maxAge = { "cache-control": "max-age=60" };
const status = (response: Response): string => response.headers.get("cache-status") ?? "";

/** A request whose headers `fetch` would not send; resolves with the whole answer. */
async function raw(
  url: string,
  headers: Record<string, string>,
  body = "",
): Promise<{ response: IncomingMessage; text: string }> {
  const request = httpRequest(url, { headers, method: "GET" });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const pieces = await Array.fromAsync(response as AsyncIterable<Buffer>);
  return { response, text: Buffer.concat(pieces).toString() };
}

test("an answer is asked for once while it is fresh, and sent with its age; HEAD and 304 come from it", async (t) => {
  let version = 1;
  const { asked, clock, get } = await cached(t, (request, response) => {
    if (request.headers["if-none-match"] === `"${version}"`)
      return void response.writeHead(304, { ...maxAge, "x-version": "renewed" }).end();
    response.writeHead(200, {
      ...maxAge,
      etag: `"${version}"`,
      "last-modified": "Tue, 03 Mar 2026 12:00:00 GMT",
      "x-version": String(version),
    });
    response.end(`version ${version}`);
  });
  const first = await get("/shop/a");
  assert.deepEqual([await first.text(), status(first)], ["version 1", "kerf-web; fwd=miss"]);
  clock.aheadMs += 10_000;
  const second = await get("/shop/a");
  assert.deepEqual([await second.text(), second.headers.get("age")], ["version 1", "10"]);
  assert.match(status(second), /^kerf-web; hit; ttl=(?:49|50)$/);
  assert.notEqual(second.headers.get("x-trace-id"), first.headers.get("x-trace-id"));
  const head = await get("/shop/a", {}, { method: "HEAD" });
  assert.deepEqual([head.headers.get("content-length"), await head.text()], ["9", ""]);
  for (const known of ['"1"', 'W/"1"', '"0", "1"', "*"]) {
    const same = await get("/shop/a", { "if-none-match": known });
    assert.deepEqual([same.status, await same.text()], [304, ""], known);
    assert.equal(same.headers.get("etag"), '"1"');
  }
  const since = { "if-modified-since": "Tue, 03 Mar 2026 12:00:00 GMT" };
  assert.equal((await get("/shop/a", since)).status, 304);
  assert.equal((await get("/shop/a", { ...since, "if-none-match": '"0"' })).status, 200);
  assert.deepEqual(asked, ["GET /shop/a"]);
  // Stale: the upstream is asked whether it holds yet, and it does.
  clock.aheadMs += 60_000;
  const renewed = await get("/shop/a");
  assert.deepEqual(
    [await renewed.text(), renewed.headers.get("x-version"), renewed.headers.get("age")],
    ["version 1", "renewed", "0"],
  );
  assert.equal(status(renewed), "kerf-web; fwd=stale; fwd-status=304");
  assert.equal((await get("/shop/a")).headers.get("x-version"), "renewed");
  assert.equal(asked.length, 2);
  version = 2;
  clock.aheadMs += 60_001;
  assert.equal(await (await get("/shop/a")).text(), "version 2");
  assert.equal(await (await get("/shop/a?x=1")).text(), "version 2");
  assert.deepEqual(asked.slice(2), ["GET /shop/a", "GET /shop/a?x=1"]);
});

test("what is not for everybody is asked for by each in his own words, and never kept", async (t) => {
  const heads: Record<string, Record<string, string>> = {
    "/shop/cookie": { ...maxAge, "set-cookie": "sid=1" },
    "/shop/private": { "cache-control": "private, max-age=60" },
    "/shop/none": {},
    "/shop/vary": { ...maxAge, vary: "x-tenant" },
  };
  const { asked, get } = await cached(t, (request, response) => {
    response.writeHead(200, heads[request.url ?? ""]);
    response.end(`${String(request.headers["x-tenant"])} ${String(request.headers["user-agent"])}`);
  });
  for (const path of Object.keys(heads)) {
    for (const tenant of ["one", "two", "one"]) {
      const answer = await get(path, { "x-tenant": tenant, "user-agent": "test" });
      assert.equal(await answer.text(), `${tenant} test`, path);
      assert.equal(answer.headers.get("cache-status"), null);
    }
    // Once for everybody, to see whether it is; then each for himself.
    assert.equal(asked.filter((one) => one === `GET ${path}`).length, 4);
  }
});

test("nothing that the key does not hold reaches the upstream: a strange header fills no entry for others", async (t) => {
  const strange = [
    "x-forwarded-host",
    "x-forwarded-for",
    "x-forwarded-scheme",
    "x-forwarded-prefix",
    "x-host",
    "x-original-url",
    "x-rewrite-url",
    "x-http-method-override",
    "forwarded",
    "via",
    "tracestate",
    "user-agent",
    "origin",
    "referer",
    "x-api-version",
  ];
  const { asked, get, url } = await cached(
    t,
    (request, response) => {
      response.writeHead(200, maxAge);
      response.end(JSON.stringify(request.headers));
    },
    { headers: ["x-tenant"], cookies: "ignore" },
  );
  const evil = Object.fromEntries(strange.map((name) => [name, "evil.example"]));
  const poisoned = await raw(`${url}/shop/a`, { ...evil, cookie: "sid=evil.example" });
  assert.ok(!poisoned.text.includes("evil.example"), poisoned.text);
  const clean = await raw(`${url}/shop/a`, {});
  assert.match(clean.response.headers["cache-status"] as string, /hit/);
  assert.equal(clean.text, poisoned.text);
  // The host is passed on as X-Forwarded-Host: another host has another entry.
  const host = await raw(`${url}/shop/a`, { host: "evil.example" });
  assert.ok(host.text.includes("evil.example"));
  assert.ok(!(await raw(`${url}/shop/a`, {})).text.includes("evil.example"));
  // What the settings name is told apart by value, and so is what programs commonly answer by.
  for (const headers of [
    { "x-tenant": "one" },
    { "x-tenant": "two" },
    { accept: "text/html" },
    { "accept-language": "de" },
    { "accept-encoding": "gzip;q=0.5, br;q=0" },
  ]) {
    const before = asked.length;
    const [first, second] = [await get("/shop/b", headers), await get("/shop/b", headers)];
    assert.equal(await first.text(), await second.text());
    assert.equal(asked.length, before + 1, JSON.stringify(headers));
  }
  const encoded = JSON.parse(
    await (await get("/shop/b", { "accept-encoding": "deflate, GZIP;q=1.0, br;q=0.0" })).text(),
  ) as Record<string, string>;
  assert.equal(encoded["accept-encoding"], "gzip");
});

test("a GET with a body, a range or a condition of its own passes by what is kept", async (t) => {
  const { asked, url } = await cached(t, (request, response) => {
    response.writeHead(200, maxAge);
    request.setEncoding("utf8");
    let body = "";
    request.on("data", (piece: string) => (body += piece));
    request.on("end", () => response.end(`body ${body}`));
  });
  const passing: [Record<string, string>, string?][] = [
    [{ "content-length": "4" }, "evil"],
    [{ "transfer-encoding": "chunked" }, "evil"],
    [{ range: "bytes=0-1" }],
    [{ "if-match": '"1"' }],
    [{ "cache-control": "no-store" }],
    [{ cookie: "sid=1" }],
  ];
  for (const [headers, body] of passing) {
    const { text, response } = await raw(`${url}/shop/a`, headers, body);
    assert.equal(text, `body ${body ?? ""}`);
    assert.equal(response.headers["cache-status"], undefined);
  }
  assert.equal(asked.length, passing.length);
  assert.equal((await raw(`${url}/shop/a`, {})).text, "body ");
  assert.equal((await raw(`${url}/shop/a`, { "content-length": "4" }, "evil")).text, "body evil");
  assert.equal((await raw(`${url}/shop/a`, {})).text, "body ");
  assert.equal(asked.length, passing.length + 2);
});

test("credentials: only what the upstream calls public is kept; of a route for users each has his own", async (t) => {
  const { asked, get, place, platform, settings } = await cached(t, (request, response) => {
    response.writeHead(200, {
      "cache-control": request.url?.includes("public") ? "public, max-age=60" : "max-age=60",
    });
    response.end(String(request.headers.authorization));
  });
  const bearer = async (subject: string): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await platform.issuer.sign({ subject })}`,
  });
  const [ada, bob] = [await bearer("ada"), await bearer("bob")];
  for (const who of [ada, bob, ada])
    assert.equal(await (await get("/shop/own", who)).text(), who["authorization"]);
  assert.equal(await (await get("/shop/own")).text(), "undefined");
  assert.equal(
    await (await get("/shop/own", ada)).text(),
    ada["authorization"],
    "not from what is kept",
  );
  const shared = await (await get("/shop/public", ada)).text();
  assert.equal(await (await get("/shop/public", bob)).text(), shared, "its upstream says so");
  await place({
    ...settings,
    routes: (settings.routes ?? []).map((route) => ({ ...route, access: "user" })),
  });
  asked.length = 0;
  for (const who of [ada, bob, ada, bob])
    assert.equal(await (await get("/shop/public", who)).text(), who["authorization"]);
  assert.equal(asked.length, 2, "once for each");
  assert.equal((await get("/shop/public")).status, 401);
});

test("equal requests wait for one answer, and not for the client that asked first", async (t) => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const body = "x".repeat(900_000);
  const { asked, get, url } = await cached(t, (_request, response) => {
    arrived.resolve();
    void held.promise.then(() => response.writeHead(200, maxAge).end(body));
  });
  // He asks first, and reads nothing.
  const slow = httpRequest(`${url}/shop/a`, { headers: { accept: "*/*", "accept-language": "*" } });
  slow.on("response", () => {});
  slow.end();
  await arrived.promise;
  const lone = new AbortController();
  const waiting = Array.from({ length: 8 }, () =>
    raw(`${url}/shop/a`, { accept: "*/*", "accept-language": "*" }),
  );
  const gone = get("/shop/a", {}, { signal: lone.signal });
  lone.abort();
  await assert.rejects(gone, { name: "AbortError" });
  held.resolve();
  for (const { text, response } of await Promise.all(waiting)) {
    assert.equal(text.length, body.length);
    assert.match(response.headers["cache-status"] as string, /collapsed|hit/);
  }
  assert.ok(asked.length <= 2, "one that left had other headers");
  const closed = once(slow, "close");
  slow.destroy();
  await closed;
});

test("the first to ask may leave: the others get the answer all the same", async (t) => {
  const held = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const { asked, get } = await cached(t, (_request, response) => {
    arrived.resolve();
    void held.promise.then(() => response.writeHead(200, maxAge).end("here"));
  });
  const first = new AbortController();
  const left = get("/shop/a", {}, { signal: first.signal });
  await arrived.promise;
  const second = get("/shop/a");
  first.abort();
  await assert.rejects(left, { name: "AbortError" });
  held.resolve();
  assert.equal(await (await second).text(), "here");
  assert.deepEqual(asked, ["GET /shop/a"]);
});

test("what is too large or too slow passes through; nobody waits for the rest of it", async (t) => {
  const slow = Promise.withResolvers<void>();
  const { asked, get } = await cached(
    t,
    (request, response) => {
      response.writeHead(200, {
        ...maxAge,
        ...(request.url === "/shop/length" ? { "content-length": "2000" } : {}),
      });
      if (request.url === "/shop/slow") {
        response.write("begun ");
        return void slow.promise.then(() => response.end("ended"));
      }
      response.write("x".repeat(1_000));
      response.end("x".repeat(1_000));
    },
    { maxAnswerBytes: 1_500 },
    {},
    200,
  );
  for (const path of ["/shop/length", "/shop/chunks"]) {
    for (let n = 1; n <= 3; n++) {
      assert.equal((await (await get(path)).text()).length, 2_000);
      assert.equal(asked.filter((one) => one === `GET ${path}`).length, n);
    }
  }
  const first = await get("/shop/slow");
  // Waits for the first one's answer for as long as the deadline, then asks for itself.
  const second = await get("/shop/slow");
  assert.equal(asked.filter((one) => one === "GET /shop/slow").length, 2);
  slow.resolve();
  assert.deepEqual([await first.text(), await second.text()], ["begun ended", "begun ended"]);
});

test("stale answers: given while a new one is fetched, and while none can be had, where the upstream says so", async (t) => {
  let version = 1;
  let isDown = false;
  let answered = Promise.withResolvers<void>();
  const { asked, clock, get } = await cached(t, (request, response) => {
    if (isDown) response.writeHead(503).end("down");
    else {
      const more =
        request.url === "/shop/swr" ? "stale-while-revalidate=100" : "stale-if-error=100";
      response.writeHead(200, { "cache-control": `max-age=10, ${more}` });
      response.end(`version ${version}`);
    }
    response.once("close", () => answered.resolve());
  });
  const text = async (path: string): Promise<string> => (await get(path)).text();
  assert.equal(await text("/shop/swr"), "version 1");
  version = 2;
  clock.aheadMs += 15_000;
  answered = Promise.withResolvers();
  const stale = await get("/shop/swr");
  assert.equal(await stale.text(), "version 1");
  assert.match(status(stale), /^kerf-web; hit; ttl=-\d+$/);
  await answered.promise;
  while ((await text("/shop/swr")) === "version 1");
  assert.equal(asked.length, 2);
  clock.aheadMs += 120_000;
  version = 3;
  assert.equal(await text("/shop/swr"), "version 3", "too old to be given");

  assert.equal(await text("/shop/sie"), "version 3");
  isDown = true;
  clock.aheadMs += 15_000;
  const before = asked.length;
  for (let n = 0; n < 3; n++) assert.equal(await text("/shop/sie"), "version 3");
  assert.equal(asked.length, before + 1, "it is not asked for each");
  clock.aheadMs += 100_000;
  assert.equal((await get("/shop/sie")).status, 503);
  isDown = false;
  assert.equal(await text("/shop/sie"), "version 3");
});

test("a change through the gateway forgets what is kept; so does a change of the route", async (t) => {
  let version = 1;
  const { get, place, settings, asked } = await cached(t, (request, response) => {
    if (request.method === "GET") response.writeHead(200, maxAge).end(`version ${version}`);
    else response.writeHead(request.url === "/shop/b" ? 409 : 204).end();
  });
  const text = async (path: string): Promise<string> => (await get(path)).text();
  for (const path of ["/shop/a", "/shop/b"]) assert.equal(await text(path), "version 1");
  version = 2;
  assert.equal((await get("/shop/b", {}, { method: "POST", body: "x" })).status, 409);
  assert.equal(await text("/shop/b"), "version 1", "nothing was changed");
  assert.equal((await get("/shop/a", {}, { method: "POST", body: "x" })).status, 204);
  assert.equal(await text("/shop/a"), "version 2");
  asked.length = 0;
  await place({ ...settings, compression: false });
  await text("/shop/a");
  assert.deepEqual(asked, [], "another setting changes nothing of it");
  await place({
    ...settings,
    routes: (settings.routes ?? []).map((route) => ({ ...route, cache: { maxAnswers: 5 } })),
  });
  await text("/shop/a");
  assert.deepEqual(asked, ["GET /shop/a"]);
});

test("what is kept is the same over HTTP/2, byte for byte", async (t) => {
  let asked = 0;
  const foreign = await startForeign(t, (_request, response) => {
    asked++;
    response.writeHead(200, { ...maxAge, etag: '"1"', "content-type": "text/plain" });
    response.end("grün €");
  });
  const { authority, url } = await startSecureFront(t, () => ({
    upstreams: { legacy: { urls: [foreign.url] } },
    routes: [{ path: "/shop/*", to: { upstream: "legacy" }, cache: {} }],
  }));
  const session = http2Session(t, url, { ca: authority.pem });
  const path = { ":path": "/shop/a" };
  const first = await askHttp2(session, path);
  const second = await askHttp2(session, path);
  assert.deepEqual([first.body, second.body, asked], ["grün €", "grün €", 1]);
  assert.match(String(second.headers["cache-status"]), /^kerf-web; hit/);
  assert.equal(second.headers["content-length"], "9");
  const same = await askHttp2(session, { ...path, "if-none-match": '"1"' });
  assert.deepEqual([same.status, same.body], [304, ""]);
  const head = await askHttp2(session, { ...path, ":method": "HEAD" });
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "9"]);
  assert.equal(asked, 1);
});

test("what one user is answered does not take away what is kept for everybody", async (t) => {
  const { asked, get } = await cached(t, (request, response) => {
    const status = request.headers.authorization === undefined ? 200 : 401;
    response.writeHead(status, { "cache-control": "max-age=60" }).end("x");
  });
  const how = async (headers: Record<string, string> = {}): Promise<string | null> => {
    const response = await get("/shop/a", headers);
    await response.text();
    return response.headers.get("cache-status");
  };
  await how();
  assert.match(String(await how()), /hit/);
  await how({ authorization: "Basic eDp5" });
  const before = asked.length;
  assert.match(String(await how()), /hit/);
  assert.equal(asked.length, before);
});

test("a client that has the answer already does not make the gateway read all of it", async (t) => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const { get } = await cached(t, (_request, response) => {
    response.writeHead(200, { "cache-control": "max-age=60", etag: '"v"' });
    response.once("close", () => leave());
    const piece = Buffer.alloc(65_536);
    const go = (): void => {
      while (!response.destroyed && response.write(piece));
      response.once("drain", go);
    };
    go();
  });
  const response = await get("/shop/endless", { "if-none-match": '"v"' });
  assert.equal(response.status, 304);
  await left;
});

test("an answer that breaks off behind a 304 takes no other request with it", async (t) => {
  const { promise: told, resolve: tell } = Promise.withResolvers<void>();
  const { url } = await cached(t, (request, response) => {
    if (request.url !== "/shop/broken") return void response.end("fine");
    response.writeHead(200, { "cache-control": "max-age=60", etag: '"v"' });
    response.write("a");
    void told.then(() => response.destroy());
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = async (path: string, headers = {}): Promise<IncomingMessage> => {
    const request = httpRequest(url + path, { agent, headers }).end();
    const [answer] = (await once(request, "response")) as [IncomingMessage];
    answer.resume();
    await once(answer, "end");
    return answer;
  };
  assert.equal((await ask("/shop/broken", { "if-none-match": '"v"' })).statusCode, 304);
  const next = ask("/shop/other");
  tell();
  assert.equal((await next).statusCode, 200);
});

test("what cannot be kept gives its place back at once", async (t) => {
  const { get } = await cached(
    t,
    (_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
    },
    {},
    {},
    15_000,
    1,
  );
  const response = await get("/shop/events");
  assert.equal(response.status, 200);
  await response.body?.cancel();
});

test("a request with a long key is passed by", async (t) => {
  const { asked, get } = await cached(t, (_request, response) => {
    response.writeHead(200, { "cache-control": "max-age=60" }).end("x");
  });
  for (let n = 0; n < 2; n++) await (await get("/shop/a", { accept: "a".repeat(3_000) })).text();
  assert.equal(asked.length, 2);
});

test("a 304 without a date is of the moment at which it came", async (t) => {
  const { asked, clock, get } = await cached(t, (request, response) => {
    const date = new Date(clock.wall()).toUTCString();
    const fields = { "cache-control": "max-age=60", etag: '"v"' };
    if (request.headers["if-none-match"] === '"v"') response.writeHead(304, fields).end();
    else response.writeHead(200, { ...fields, date }).end("x");
  });
  await (await get("/shop/a")).text();
  clock.aheadMs += 90_000;
  await (await get("/shop/a")).text();
  await (await get("/shop/a")).text();
  assert.equal(asked.length, 2);
});
