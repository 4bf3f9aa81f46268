import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContractDescription, HttpMethod, OperationDescription } from "@kerf/contract";
import fc from "fast-check";
import { type RouteMatch, RouteTable } from "./route-table.ts";

function operation(route: string, access: "public" | "service" = "public"): OperationDescription {
  const [method, path] = route.split(" ") as [HttpMethod, string];
  return {
    kind: "query",
    access,
    http: { method, path, status: 200 },
    input: {},
    output: {},
    errors: {},
  };
}

function contractOf(name: string, ...routes: string[]): ContractDescription {
  const operations = Object.fromEntries(routes.map((route, i) => [`op${i}`, operation(route)]));
  return { name, version: "1.0.0", operations, events: {} };
}

function found(match: RouteMatch): unknown {
  return "route" in match ? [`${match.route.method} ${match.route.path}`, match.params] : match;
}

test("literals win over parameters, the leftmost first, for each method", () => {
  const table = new RouteTable([
    contractOf(
      "a",
      "GET /users/me",
      "GET /users/{id}",
      "DELETE /users/{id}",
      "GET /users/{id}/orders",
      "GET /users/me/settings",
      "GET /{any}/special/{id}",
      "GET /",
    ),
  ]);
  const cases: [method: string, path: string, expected: unknown][] = [
    ["GET", "/", ["GET /", {}]],
    ["GET", "/users/me", ["GET /users/me", {}]],
    ["HEAD", "/users/me", ["GET /users/me", {}]],
    ["GET", "/users/you", ["GET /users/{id}", { id: "you" }]],
    ["DELETE", "/users/me", ["DELETE /users/{id}", { id: "me" }]],
    ["GET", "/users/me/orders", ["GET /users/{id}/orders", { id: "me" }]],
    ["GET", "/users/me/settings", ["GET /users/me/settings", {}]],
    ["GET", "/users/special/7", ["GET /{any}/special/{id}", { any: "users", id: "7" }]],
    ["POST", "/users/me", { methodNotAllowed: ["DELETE", "GET", "HEAD", "OPTIONS"] }],
    ["OPTIONS", "/", { methodNotAllowed: ["GET", "HEAD", "OPTIONS"] }],
    ["GET", "/users", { notFound: true }],
    ["GET", "/users/", { notFound: true }],
    ["GET", "//me", { notFound: true }],
    ["GET", "/Users/me", { notFound: true }],
    ["GET", "/users/me/settings/more", { notFound: true }],
  ];
  for (const [method, path, expected] of cases) {
    assert.deepEqual(found(table.match(method, path)), expected, `${method} ${path}`);
  }
});

test("segments are decoded once, each for itself", () => {
  const table = new RouteTable([contractOf("a", "GET /files/{name}", "GET /a%20b/{id}")]);
  const cases: [path: string, expected: unknown][] = [
    ["/files/a%2Fb", ["GET /files/{name}", { name: "a/b" }]],
    ["/files/a%252Fb", ["GET /files/{name}", { name: "a%2Fb" }]],
    ["/files/%C3%BC", ["GET /files/{name}", { name: "ü" }]],
    ["/files/a+b", ["GET /files/{name}", { name: "a+b" }]],
    ["/fil%65s/a", ["GET /files/{name}", { name: "a" }]],
    ["/a%20b/1", ["GET /a%20b/{id}", { id: "1" }]],
    ["/files/__proto__", ["GET /files/{name}", { name: "__proto__" }]],
    ["/files/...", ["GET /files/{name}", { name: "..." }]],
  ];
  for (const [path, expected] of cases)
    assert.deepEqual(found(table.match("GET", path)), expected, path);
  for (const path of [
    "/files/%",
    "/files/%zz",
    "/files/%ff",
    "/files/%c0%af",
    "/files/%00",
    "files/a",
    "",
  ]) {
    assert.ok("badPath" in table.match("GET", path), path);
  }
  for (const path of [
    "/files/..",
    "/files/../files/a",
    "/files/%2e%2e",
    "/files/.%2E",
    "/./files/a",
    "/files/.",
  ]) {
    assert.ok("badPath" in table.match("GET", path), path);
  }
});

test("every conflict is reported at once", () => {
  assert.throws(
    () =>
      new RouteTable(
        [
          contractOf("a", "GET /x/{id}", "GET /health/deep", "GET /%zz"),
          contractOf("b", "GET /x/{other}", "POST /x/{id}"),
        ],
        ["health"],
      ),
    (thrown: { code: string; data: { problems: string[] } }) => {
      assert.equal(thrown.code, "invalid_app");
      assert.deepEqual(
        thrown.data.problems.map((problem) => problem.split(":")[0]),
        [
          "GET /health/deep of a.op1",
          "GET /%zz of a.op2",
          "GET /x/{other} of b.op0 is taken by a.op0 (/x/{id})",
        ],
      );
      return true;
    },
  );
});

test("operations for services only are not reachable", () => {
  const table = new RouteTable([
    {
      name: "a",
      version: "1.0.0",
      operations: { inside: operation("GET /inside", "service") },
      events: {},
    },
  ]);
  assert.deepEqual(table.match("GET", "/inside"), { notFound: true });
});

// The obvious matcher: every route that fits, the one whose leftmost literal differs first wins.
function slowMatch(routes: readonly string[], path: string): string | undefined {
  const segments = path.slice(1).split("/");
  const fitting = routes.filter((route) => {
    const parts = route.slice(1).split("/");
    return (
      parts.length === segments.length &&
      parts.every((part, i) => part.startsWith("{") || part === segments[i])
    );
  });
  const rank = (route: string): string =>
    route
      .split("/")
      .map((part) => (part.startsWith("{") ? "1" : "0"))
      .join("");
  return fitting.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

test("finds what an exhaustive search finds", () => {
  const literal = fc.constantFrom("a", "b", "c");
  const template = fc
    .array(fc.oneof(literal, fc.constant("{}")), { minLength: 1, maxLength: 5 })
    .map((parts) => `/${parts.map((part, i) => (part === "{}" ? `{p${i}}` : part)).join("/")}`);
  const path = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.uniqueArray(template, { maxLength: 12 }), path, (templates, segments) => {
      const table = new RouteTable([contractOf("a", ...templates.map((route) => `GET ${route}`))]);
      const target = `/${segments.join("/")}`;
      const match = table.match("GET", target);
      assert.equal("route" in match ? match.route.path : undefined, slowMatch(templates, target));
      if (!("route" in match)) return;
      for (const [name, value] of Object.entries(match.params)) {
        assert.equal(value, segments[Number(name.slice(1))]);
      }
    }),
  );
});

test("any text is a path or is refused, never an exception", () => {
  const table = new RouteTable([contractOf("a", "GET /{a}/{b}")]);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.webPath(),
        fc.string({ unit: fc.constantFrom("/", "%", "2", "e", ".", "f") }),
      ),
      (path) => {
        table.match("GET", path);
      },
    ),
  );
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: "grapheme" }),
      fc.string({ minLength: 1 }),
      (a, b) => {
        fc.pre(![a, b].some((text) => text === "." || text === ".." || text.includes("\0")));
        const match = table.match("GET", `/${encodeURIComponent(a)}/${encodeURIComponent(b)}`);
        assert.deepEqual(found(match), ["GET /{a}/{b}", { a, b }]);
      },
    ),
  );
});
