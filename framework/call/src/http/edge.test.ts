import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "./problem.ts";
import { edgeUnderTest } from "./testing/edge-under-test.ts";

const json = { "content-type": "application/json" };

test("every kind of request gets its status", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  const item = JSON.stringify({ sku: "a", quantity: 1 });
  const cases: [status: number, code: string | undefined, target: string, init?: RequestInit][] = [
    [200, undefined, "/things?limit=5"],
    [200, undefined, "/things/7"],
    [201, undefined, "/things", { method: "POST", headers: json, body: item }],
    [
      201,
      undefined,
      "/things",
      {
        method: "POST",
        headers: { "content-type": "application/vnd.x+json; charset=UTF-8" },
        body: item,
      },
    ],
    [204, undefined, "/things/7", { method: "DELETE", headers: { authorization: "Bearer good" } }],
    [204, undefined, "/things", { method: "OPTIONS" }],
    [400, "invalid_input", "/things?limit=many"],
    [400, "invalid_input", "/things?limit=0"],
    [400, "invalid_input", "/things?limit=%zz"],
    [400, "invalid_input", "/things/%ff"],
    [400, "invalid_input", "/things", { method: "POST", headers: json, body: "{" }],
    [400, "invalid_input", "/things", { method: "POST", headers: json, body: "" }],
    [400, "invalid_input", "/things", { method: "POST" }],
    [400, "invalid_input", "/things", { method: "POST", headers: json, body: '{"__proto__":{}}' }],
    [401, "unauthenticated", "/things/7", { method: "DELETE" }],
    [403, "forbidden", "/fail/forbidden"],
    [404, "notFound", "/things/missing"],
    [404, "not_found", "/nothing"],
    [404, "not_found", "/things/"],
    [404, "not_found", "//things"],
    [405, "method_not_allowed", "/things", { method: "PATCH" }],
    [409, "tooFar", "/count/9999"],
    [
      413,
      "payload_too_large",
      "/things",
      { method: "POST", headers: json, body: `"${"x".repeat(1_000)}"` },
    ],
    [
      415,
      "unsupported_media_type",
      "/things",
      { method: "POST", headers: { "content-type": "text/plain" }, body: item },
    ],
    [
      415,
      "unsupported_media_type",
      "/things",
      {
        method: "POST",
        headers: { "content-type": "application/json; charset=latin1" },
        body: item,
      },
    ],
    [
      415,
      "unsupported_media_type",
      "/things",
      { method: "POST", headers: { ...json, "content-encoding": "gzip" }, body: item },
    ],
    [500, "internal", "/fail/bug"],
    [500, "internal", "/fail/invalid_output"],
    [500, "internal", "/fail/somethingNew"],
    [502, "protocol_error", "/fail/protocol_error"],
    [503, "overloaded", "/fail/overloaded"],
    [503, "unavailable", "/fail/unavailable"],
    [504, "deadline_exceeded", "/hang"],
  ];
  for (const [status, code, target, init] of cases) {
    const label = `${init?.method ?? "GET"} ${target}`;
    const response = await fetch(url + target, init);
    const text = await response.text();
    assert.equal(response.status, status, `${label}: ${text}`);
    assert.match(response.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/, label);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", label);
    assert.equal(response.headers.get("server"), null, label);
    if (code === undefined) continue;
    assert.equal(response.headers.get("content-type"), "application/problem+json", label);
    const problem = JSON.parse(text) as Problem;
    assert.equal(problem.code, code, label);
    assert.equal(problem.status, status, label);
    assert.equal(problem.traceId, response.headers.get("x-trace-id"), label);
    assert.match(problem.type, /^urn:kerf:error:/, label);
  }
  assert.ok(calls.every((call) => call.context.caller === "gateway:test"));
});
