import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { test } from "node:test";
import type { Problem } from "@kerf/call/http";
import { seededRandom } from "@kerf/kernel";
import { type RouteSettings, trafficProblems, type UpstreamSettings } from "@kerf/service";
import { startForeign, startFront } from "../testing/front.ts";
import { PathRewrite } from "./path-rewrite.ts";
import { RoutePrefixes } from "./route-prefixes.ts";
import { type SplitClient, Split } from "./split.ts";

const upstreams = (url: string): Record<string, UpstreamSettings> => ({ legacy: { urls: [url] } });
const toLegacy = { upstream: "legacy" };

test("the longest literal prefix that takes the method wins", () => {
  const route = (
    path: string,
    methods?: readonly string[],
  ): { path: string; methods: readonly string[] | undefined } => ({ path, methods });
  const prefixes = new RoutePrefixes([
    route("/*"),
    route("/shop/*"),
    route("/shop/cart"),
    route("/shop/cart/*", ["POST"]),
    route("/a%20b"),
  ]);
  const match = (method: string, ...segments: string[]): string | undefined =>
    prefixes.match(method, segments)?.path;
  assert.equal(match("GET"), "/*");
  assert.equal(match("GET", "other"), "/*");
  assert.equal(match("GET", "shop"), "/shop/*");
  assert.equal(match("GET", "shop", ""), "/shop/*");
  assert.equal(match("GET", "shop", "cart"), "/shop/cart");
  assert.equal(match("GET", "shop", "cart", ""), "/shop/cart");
  assert.equal(match("GET", "shop", "cart", "1"), "/shop/*");
  assert.equal(match("POST", "shop", "cart", "1"), "/shop/cart/*");
  assert.equal(match("GET", "shopping"), "/*");
  assert.equal(match("GET", "a b"), "/a%20b");
  assert.equal(new RoutePrefixes([route("/a", ["GET"])]).match("HEAD", ["a"])?.path, "/a");
});

test("a prefix is replaced, and comes back in a Location", () => {
  const from = new URL("http://10.0.0.1:8080");
  const cases = [
    ["/shop/*", "/v1", "/shop/a%2Fb", "/v1/a%2Fb"],
    ["/shop/*", "/v1", "/shop", "/v1"],
    ["/shop/*", "/v1/", "/shop/", "/v1/"],
    ["/shop/*", "/", "/shop/a", "/a"],
    ["/shop/*", "/", "/shop", "/"],
    ["/*", "/v1", "/a", "/v1/a"],
  ] as const;
  for (const [path, prefix, here, there] of cases) {
    const rewrite = new PathRewrite(path, { prefix });
    assert.equal(rewrite.forth(here, "q=1"), `${there}?q=1`);
    if (there !== "/" && !here.endsWith("/"))
      assert.equal(rewrite.back(`${from.origin}${there}?x#y`, from), `${here}?x#y`);
    assert.equal(
      rewrite.back("https://elsewhere.example/v1/a", from),
      "https://elsewhere.example/v1/a",
    );
  }
  assert.equal(new PathRewrite("/shop/*", undefined).forth("/shop/x", ""), "/shop/x");
  assert.equal(new PathRewrite("/shop/*", { prefix: "/v1" }).back("/v10/a", from), "/v10/a");
  assert.equal(
    new PathRewrite("/shop/*", { prefix: "/v1" }).back("//evil.example/v1", from),
    "//evil.example/v1",
  );
});

test("a client stays on its side while the share of the new one grows, and shares are kept to", () => {
  const random = seededRandom(1);
  const client = (n: number): SplitClient => ({
    request: { headers: { "x-tenant": `tenant-${n}` } } as unknown as IncomingMessage,
    principal: undefined,
    address: "127.0.0.1",
  });
  const sideOf = (weight: number, n: number): boolean => {
    const split = [
      { to: toLegacy, weight: 100 - weight },
      { to: "services", weight },
    ] as const;
    const to = { split, sticky: { hash: { header: "X-Tenant" } } };
    return new Split({ path: "/shop/*", to }, random).choose(client(n)).to === "services";
  };
  const clients = Array.from({ length: 2_000 }, (_, n) => n);
  let before = new Set<number>();
  for (const weight of [0, 1, 5, 25, 50, 100]) {
    const moved = new Set(clients.filter((n) => sideOf(weight, n)));
    assert.ok(
      [...before].every((n) => moved.has(n)),
      `at ${weight} % somebody went back`,
    );
    assert.ok(
      Math.abs(moved.size / clients.length - weight / 100) < 0.03,
      `${moved.size} at ${weight} %`,
    );
    before = moved;
  }
  const drawn = new Split(
    {
      path: "/",
      to: {
        split: [
          { to: toLegacy, weight: 3 },
          { to: "services", weight: 1 },
        ],
      },
    },
    random,
  );
  const services = clients.filter((n) => drawn.choose(client(n)).to === "services").length;
  assert.ok(Math.abs(services / clients.length - 0.25) < 0.04, String(services));
});

test("contracts win over routes that are no more specific, and lose to those that are or that decide", async (t) => {
  const foreign = await startForeign(t, (_request, response) => void response.end("legacy"));
  const ask = async (url: string, method = "GET"): Promise<string> => {
    const response = await fetch(url, { method });
    return response.status === 200 && (await response.text()) === "legacy"
      ? "legacy"
      : String(response.status);
  };
  const { url, place } = await startFront(t, {
    upstreams: upstreams(foreign.url),
    routes: [{ path: "/*", to: toLegacy }],
  });
  assert.equal(await ask(`${url}/notes`), "200");
  assert.equal(await ask(`${url}/notes`, "PATCH"), "legacy", "no operation takes it");
  assert.equal(await ask(`${url}/anything`), "legacy");
  assert.equal(await ask(`${url}/health`), "200");
  await place({
    upstreams: upstreams(foreign.url),
    routes: [{ host: "127.0.0.1", path: "/*", to: toLegacy }],
  });
  assert.equal(await ask(`${url}/notes`), "legacy", "a host goes before the contracts");
  assert.equal(await ask(`${url}/health`), "200");
  await place({
    upstreams: upstreams(foreign.url),
    routes: [{ host: "docs.example.com", path: "/*", to: toLegacy }],
  });
  assert.equal(await ask(`${url}/anything`), "404", "another host");
  assert.equal(await ask(`${url}/health/x`), "404");
  await place({ upstreams: upstreams(foreign.url), routes: [{ path: "/notes/*", to: toLegacy }] });
  assert.equal(await ask(`${url}/notes`), "200", "equally specific");
  assert.equal(await ask(`${url}/notes/a/b/c/d`), "legacy");
  const decides: RouteSettings = {
    path: "/notes/*",
    to: {
      split: [
        { to: toLegacy, weight: 1 },
        { to: "services", header: { name: "x-new" } },
      ],
    },
  };
  await place({ upstreams: upstreams(foreign.url), routes: [decides] });
  assert.equal(await ask(`${url}/notes`), "legacy");
  assert.equal(
    (await fetch(`${url}/notes`, { headers: { "x-new": "1" } })).headers.get("content-type"),
    "application/json; charset=utf-8",
  );
});

test("a cookie keeps a client on its side; users and headers have theirs", async (t) => {
  const foreign = await startForeign(
    t,
    (_request, response) => void response.setHeader("set-cookie", "own=1").end("legacy"),
  );
  const split = [
    { to: toLegacy, weight: 50 },
    { to: "services" as const, weight: 50, cookie: { name: "beta", value: "yes" } },
  ];
  const { url, place, platform } = await startFront(t, {
    upstreams: upstreams(foreign.url),
    routes: [{ path: "/notes", to: { split, sticky: { cookie: "side" } } }],
  });
  const sides = new Set<string>();
  for (let n = 0; n < 40 && sides.size < 2; n++) {
    const first = await fetch(`${url}/notes`);
    const side = await first.text();
    sides.add(side);
    const cookies = first.headers.getSetCookie();
    const cookie = cookies.find((one) => one.startsWith("side="));
    assert.match(cookie ?? "", /^side=[0-9a-f]{13}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax$/);
    assert.equal(cookies.includes("own=1"), side === "legacy");
    const again = await fetch(`${url}/notes`, {
      headers: { cookie: (cookie as string).split(";", 1)[0] as string },
    });
    assert.equal(await again.text(), side);
    assert.equal(
      again.headers.getSetCookie().some((one) => one.startsWith("side=")),
      false,
    );
  }
  assert.equal(sides.size, 2);
  const beta = await fetch(`${url}/notes`, { headers: { cookie: "beta=yes" } });
  assert.notEqual(await beta.text(), "legacy");

  const users: RouteSettings = {
    path: "/notes",
    access: "user",
    to: { split, sticky: { hash: "principal" } },
  };
  await place({ upstreams: upstreams(foreign.url), routes: [users] });
  assert.equal((await fetch(`${url}/notes`)).status, 401);
  const authorization = `Bearer ${await platform.issuer.sign({ subject: "ada" })}`;
  const asAda = async (): Promise<string> =>
    (await fetch(`${url}/notes`, { headers: { authorization } })).text();
  const ada = await asAda();
  for (let n = 0; n < 5; n++) assert.equal(await asAda(), ada);
});

test("headers and paths are rewritten for the upstream and back", async (t) => {
  const foreign = await startForeign(
    t,
    (request, response) =>
      void response
        .writeHead(302, {
          location: `http://${request.headers.host}/v1/next`,
          server: "old/1.0",
          "x-seen": `${request.url} ${String(request.headers["x-tenant"])} ${String(request.headers["x-secret"])} ${request.headers["accept-language"]}`,
        })
        .end(),
  );
  const { url } = await startFront(t, {
    upstreams: upstreams(foreign.url),
    routes: [
      {
        path: "/shop/*",
        to: toLegacy,
        rewrite: {
          prefix: "/v1",
          request: {
            set: { "x-tenant": "one" },
            remove: ["x-secret"],
            append: { "accept-language": "de" },
          },
          response: { remove: ["server"], set: { "x-frame-options": "DENY" } },
        },
      },
    ],
  });
  const outgoing = httpRequest(`${url}/shop/a?b=c`, {
    headers: { "x-tenant": "two", "x-secret": "s", "accept-language": "en" },
  }).end();
  const [{ headers }] = (await once(outgoing, "response")) as [IncomingMessage];
  assert.equal(headers["x-seen"], "/v1/a?b=c one undefined en, de");
  assert.equal(headers.location, "/shop/next");
  assert.equal(headers["server"], undefined);
  assert.equal(headers["x-frame-options"], "DENY");
});

test("maintenance refuses all but those that it names", async (t) => {
  const foreign = await startForeign(t, (_request, response) => void response.end("legacy"));
  const route: RouteSettings = { path: "/shop/*", to: toLegacy };
  const { url, place } = await startFront(t, {
    upstreams: upstreams(foreign.url),
    routes: [{ ...route, maintenance: { retryAfterS: 120 } }],
  });
  const refused = await fetch(`${url}/shop/x`);
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "120"]);
  assert.equal(((await refused.json()) as Problem).code, "maintenance");
  assert.equal((await fetch(`${url}/notes`)).status, 200);
  await place({ maintenance: { retryAfterS: 5 } });
  assert.equal((await fetch(`${url}/notes`)).status, 503);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  await place({ maintenance: { retryAfterS: 5, allow: ["127.0.0.0/8"] } });
  assert.equal((await fetch(`${url}/notes`)).status, 200);
});

test("a known route with nobody behind it says when to come again; an unknown one is not there", async (t) => {
  const foreign = await startForeign(t, (_request, response) => void response.end("back"));
  const routes: RouteSettings[] = [{ path: "/shop/*", to: toLegacy }];
  const { platform, place, url } = await startFront(t, {
    upstreams: { legacy: { absent: true } },
    routes,
  });
  platform.change(() => ({ units: { notes: { instances: [] } } }));
  await platform.acknowledged();
  for (const path of ["/shop/x", "/notes"]) {
    const refused = await fetch(url + path);
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"], path);
    assert.match(refused.headers.get("content-type") ?? "", /^application\/problem\+json/);
    const { code, status } = (await refused.json()) as Problem;
    assert.deepEqual([code, status], ["unavailable", 503]);
  }
  assert.equal((await fetch(`${url}/elsewhere`)).status, 404);
  await place({ upstreams: upstreams(foreign.url), routes });
  assert.equal(await (await fetch(`${url}/shop/x`)).text(), "back");
});

test("what is wrong with the settings is named, all of it", () => {
  const problems = trafficProblems({
    upstreams: {
      Bad: { urls: [] },
      gone: { absent: true, urls: ["http://ok"] },
      legacy: {
        urls: ["http://user:pass@host", "ftp://x", "http://host/path", "http://ok"],
        weights: [1],
        health: { path: "no", intervalMs: 1 },
        policies: { attempts: 9 },
        tls: { keyFile: "/key" },
        host: { name: "a b" },
      },
    },
    routes: [
      { path: "shop", to: { upstream: "nobody" } },
      { path: "/health/x", to: toLegacy },
      { path: "/a/*/b", to: toLegacy, methods: ["CONNECT"] },
      { path: "/b/../c", to: toLegacy },
      { path: "/c", to: { split: [], sticky: { hash: "principal" } } },
      {
        path: "/d",
        to: "services",
        rewrite: { prefix: "/../x" },
        maintenance: { retryAfterS: 0, allow: ["x"] },
      },
      {
        path: "/e",
        to: toLegacy,
        rewrite: {
          request: {
            set: { "x-a": "1\r\nx-b: 2", "x\r\ny": "1", host: "h" },
            remove: ["transfer-encoding"],
          },
        },
        mirror: { to: "services", share: 2, methods: ["POST"], compare: { ignore: ["a.b"] } },
      },
      { path: "/e", to: toLegacy },
    ],
    trustedProxies: ["10.0.0.0/33"],
  });
  for (const expected of [
    /^upstreams\.Bad: a name is/,
    /^upstreams\.Bad: urls names 0 instances/,
    /^upstreams\.gone: is absent, and says/,
    /holds credentials/,
    /"ftp:\/\/x" is not http/,
    /has a path; use rewrite/,
    /weights has 1 entries for 4 urls/,
    /health\.path "no" is no path/,
    /health\.intervalMs: 1 is not a whole number/,
    /policies\.attempts: 9/,
    /tls is for https/,
    /tls\.certFile and tls\.keyFile/,
    /host\.name "a b"/,
    /routes\[0\] shop: a path is literal/,
    /routes\[0\] shop: to names the upstream "nobody"/,
    /everything under \/health/,
    /routes\[2\] \/a\/\*\/b: a path is literal/,
    /"CONNECT" is no method/,
    /routes\[3\].*segment "\." or "\.\."/,
    /split has 0 sides/,
    /split gives no side a weight/,
    /sticky\.hash is "principal"/,
    /rewrite is for upstreams/,
    /rewrite\.prefix "\/\.\.\/x" has a segment/,
    /maintenance\.retryAfterS: 0/,
    /maintenance\.allow: "x"/,
    /value of x-a is not one line/,
    /cannot be a header's name/,
    /host is the gateway's own; use "host"/,
    /transfer-encoding is the gateway's own/,
    /mirror\.share: 2/,
    /mirror\.methods has POST/,
    /mirror\.compare\.ignore "a\.b"/,
    /routes\[7\]: \* \/e is taken by routes\[6\]/,
    /trustedProxies: "10\.0\.0\.0\/33"/,
  ])
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      `${expected} in\n${problems.join("\n")}`,
    );
});
