import assert from "node:assert/strict";
import { test } from "node:test";
import type { Problem } from "./problem.ts";
import { edgeUnderTest } from "./testing/edge-under-test.ts";

const json = { "content-type": "application/json" };

test("every kind of request gets its status", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  const item = JSON.stringify({ quantity: 1, sku: "a" });
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
    [
      422,
      "soldOut",
      "/things",
      { method: "POST", headers: json, body: item.replace('"a"', '"gone"') },
    ],
    [500, "internal", "/fail/bug"],
    [500, "internal", "/fail/invalid_output"],
    [500, "internal", "/fail/somethingNew"],
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

test("failures of ours say nothing but the trace id, which leads to the log", async (t) => {
  const { url, lines } = await edgeUnderTest(t);
  for (const code of ["bug", "invalid_output", "unavailable"]) {
    const response = await fetch(`${url}/fail/${code}`);
    const body = await response.text();
    assert.doesNotMatch(body, /hunter2|secret|inside/, code);
    const traceId = response.headers.get("x-trace-id");
    const logged = lines.filter((line) => line["trace_id"] === traceId);
    assert.match(JSON.stringify(logged), /hunter2|secret/, code);
    assert.equal(logged.find((line) => line["message"] === "request")?.["level"], "warn");
  }
});

test("a declared error carries its data, status and type", async (t) => {
  const { url } = await edgeUnderTest(t);
  const response = await fetch(`${url}/things/missing`);
  const { traceId, ...problem } = (await response.json()) as Problem;
  assert.equal(traceId, response.headers.get("x-trace-id"));
  assert.deepEqual(problem, {
    type: "urn:kerf:error:things:notFound",
    title: "No such thing",
    status: 404,
    detail: "No such thing",
    code: "notFound",
    declared: true,
    data: { id: "missing" },
  });
});

test("invalid input names each field; text that is not JSON its place", async (t) => {
  let reached = 0;
  const { url } = await edgeUnderTest(t, { handlers: { create: () => ++reached } });
  const post = async (body: string): Promise<Problem> =>
    (await (
      await fetch(`${url}/things`, { method: "POST", headers: json, body })
    ).json()) as Problem;
  const invalid = await post('{"quantity":"many"}');
  assert.deepEqual(
    invalid.errors?.map((problem) => problem.path),
    ["sku", "quantity"],
  );
  const broken = await post('{\n  "password": "hunter2",,\n}');
  assert.match(broken.detail ?? "", /line 2, column 25/);
  assert.doesNotMatch(JSON.stringify(broken), /hunter2/);
  const deep = await post("[".repeat(200) + "]".repeat(200));
  assert.match(deep.detail ?? "", /deeper than 128/);
  const utf16 = await fetch(`${url}/things`, {
    method: "POST",
    headers: json,
    body: new Uint8Array([0x22, 0xff, 0x22]),
  });
  assert.match(((await utf16.json()) as Problem).detail ?? "", /UTF-8/);
  assert.equal(reached, 0);
});

test("503 says when to come back, 401 how to authenticate, 415 what is taken", async (t) => {
  const { url } = await edgeUnderTest(t);
  const overloaded = await fetch(`${url}/fail/overloaded`);
  assert.equal(overloaded.headers.get("retry-after"), "1");
  const anonymous = await fetch(`${url}/things/1`, { method: "DELETE" });
  assert.equal(anonymous.headers.get("www-authenticate"), "Bearer");
  const refused = await fetch(`${url}/things/1`, {
    method: "DELETE",
    headers: { authorization: "Bearer bad" },
  });
  assert.match(
    refused.headers.get("www-authenticate") ?? "",
    /^Bearer error="invalid_token", error_description="[^"]*"$/,
  );
  const xml = await fetch(`${url}/things`, {
    method: "POST",
    headers: { "content-type": "text/xml" },
    body: "<a/>",
  });
  assert.equal(xml.headers.get("accept"), "application/json");
});

test("the trace of the client goes on, and every answer names it", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const response = await fetch(`${url}/things`, { headers: { traceparent, tracestate: "a=b" } });
  const trace = calls[0]?.context.trace;
  assert.equal(trace?.traceId, traceId);
  assert.equal(trace?.parentId, "b7ad6b7169203331");
  assert.equal(trace?.state, "a=b");
  assert.equal(response.headers.get("x-trace-id"), traceId);
  assert.equal(response.headers.get("traceresponse"), `00-${traceId}-${trace?.spanId}-01`);
  const refused = await fetch(`${url}/nothing`, { headers: { traceparent } });
  assert.equal(refused.headers.get("x-trace-id"), traceId);
  const odd = await fetch(`${url}/things`, { headers: { traceparent: "00-zz" } });
  assert.match(odd.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
});

test("headers that only the platform may set are gone before anybody looks", async (t) => {
  let seen: Record<string, unknown> = {};
  const { url } = await edgeUnderTest(t, {
    authenticate: (request) => {
      seen = request.headers;
      return Promise.resolve({});
    },
  });
  const forged = {
    "x-kerf-caller": "platform",
    "X-Kerf-Principal": "admin",
    "x-forwarded-user": "admin",
    "x-forwarded-client-cert": "By=spiffe://x",
    "x-auth-request-email": "a@b",
    "remote-user": "admin",
    "x-ssl-client-verify": "SUCCESS",
  };
  await fetch(`${url}/things`, { headers: { ...forged, "x-mine": "1" } });
  assert.equal(seen["x-mine"], "1");
  for (const name of Object.keys(forged)) assert.equal(seen[name.toLowerCase()], undefined, name);
});

test("a client that leaves cancels its call, and is logged as 499", async (t) => {
  const edge = await edgeUnderTest(t);
  const controller = new AbortController();
  const arrived = edge.nextCall();
  const answer = fetch(`${edge.url}/wait`, { signal: controller.signal });
  const context = await arrived;
  const cancelled = new Promise((resolve) => context.onCancel((reason) => resolve(reason.code)));
  controller.abort();
  await assert.rejects(answer);
  assert.equal(await cancelled, "cancelled");
  await fetch(`${edge.url}/things`);
  const line = edge.lines.find((logged) => logged["route"] === "/wait");
  assert.equal(line?.["status"], 499);
  assert.equal(line?.["level"], "info");
});

test("each request is one line that names route, not path", async (t) => {
  const { url, lines } = await edgeUnderTest(t);
  const answer = await fetch(`${url}/things/secret-id?token=hunter2`);
  await answer.text();
  await (await fetch(`${url}/nothing/secret-id`)).text();
  const requests = lines.filter((line) => line["message"] === "request");
  assert.deepEqual(
    requests.map(({ level, message, method, route, operation, status, code }) => ({
      level,
      message,
      method,
      route,
      operation,
      status,
      code,
    })),
    [
      {
        level: "debug",
        message: "request",
        method: "GET",
        route: "/things/{id}",
        operation: "things.get",
        status: 200,
        code: undefined,
      },
      {
        level: "info",
        message: "request",
        method: "GET",
        route: undefined,
        operation: undefined,
        status: 404,
        code: "not_found",
      },
    ],
  );
  assert.doesNotMatch(JSON.stringify(lines), /secret-id|hunter2/);
});

test("nothing is called that a refusal stands before", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  await fetch(`${url}/things/7`, { method: "DELETE" });
  await fetch(`${url}/things`, { method: "POST", headers: json, body: "" });
  await fetch(`${url}/things/7`, { method: "PUT", headers: json, body: "{" });
  await fetch(`${url}/things/7`, { method: "PUT", headers: json, body: '{"id":"8","quantity":1}' });
  await fetch(`${url}/inside`);
  assert.equal(calls.length, 0);
});
