import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouteSettings } from "./routes.ts";
import { trafficProblems } from "./traffic.ts";

const upstreams = { legacy: { urls: ["http://10.0.0.1"] } };

function problemsOf(route: Partial<RouteSettings>): string[] {
  return trafficProblems({
    upstreams,
    routes: [{ path: "/shop/*", to: { upstream: "legacy" }, ...route }],
  });
}

test("everything that is wrong with a route's cache is said at once", () => {
  assert.deepEqual(problemsOf({ cache: {} }), []);
  assert.deepEqual(
    problemsOf({ cache: { headers: ["x-tenant", "origin"], cookies: "ignore" } }),
    [],
  );
  const problems = problemsOf({
    cache: {
      maxAnswers: 0,
      maxBytes: 1.5,
      headers: ["X-Tenant", "cookie", "if-match", "a b"],
      cookies: "keep" as "pass",
    },
    mirror: { to: { upstream: "legacy" }, share: 1 },
  });
  const expected = [/maxAnswers/, /maxBytes/, /"X-Tenant"/, /by cookie/, /by if-match/, /"a b"/];
  for (const one of [...expected, /cookies must be/, /cache and mirror/])
    assert.equal(problems.filter((problem) => one.test(problem)).length, 1, String(one));
  assert.equal(problems.length, expected.length + 2);
});

test("it is for upstreams that speak HTTP", () => {
  assert.match(problemsOf({ to: "services", cache: {} }).join("\n"), /cache is for upstreams/);
  const speaking = trafficProblems({
    http2: true,
    upstreams: { legacy: { ...upstreams.legacy, protocol: "grpc" } },
    routes: [{ path: "/shop.Catalog/*", to: { upstream: "legacy" }, cache: {} }],
  });
  assert.deepEqual(speaking, [
    "routes[0] /shop.Catalog/*: answers of gRPC are not kept; leave cache out",
  ]);
});
