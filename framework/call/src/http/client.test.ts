import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { safe } from "@kerf/contract";
import { type KerfError, newTrace } from "@kerf/kernel";
import { httpClient } from "./client.ts";
import { edgeUnderTest, things, untilCancelled } from "./testing/edge-under-test.ts";

test("inputs arrive as they were given, wherever HTTP puts them", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  const client = httpClient(things, { baseUrl: `${url}/` });
  const odd = "a/b?c#d %&+ü\u0001";
  assert.deepEqual(await client.list({ limit: 5, tag: ["x", odd], exact: true }), {
    limit: 5,
    tag: ["x", odd],
    exact: true,
  });
  assert.deepEqual(await client.list({}), {});
  assert.deepEqual(await client.get({ id: odd }), { id: odd });
  assert.deepEqual(await client.create({ sku: odd, quantity: 2 }), { sku: odd, quantity: 2 });
  assert.deepEqual(await client.replace({ id: odd, quantity: 3 }), { id: odd, quantity: 3 });
  assert.equal(calls.length, 5);
});

test("sends the token, the headers and the trace of each call", async (t) => {
  const { url, calls } = await edgeUnderTest(t);
  const seen: (string | null)[] = [];
  const client = httpClient(things, {
    baseUrl: url,
    token: () => "good",
    headers: () => ({ "x-mine": "1" }),
    fetch: (input, init) => {
      seen.push(new Headers(init?.headers).get("x-mine"));
      return fetch(input, init);
    },
  });
  const trace = newTrace();
  assert.equal(await client.remove({ id: "7" }, { trace }), undefined);
  assert.equal(calls[0]?.context.trace.traceId, trace.traceId);
  assert.equal(calls[0]?.context.trace.parentId, trace.spanId);
  assert.equal(calls[0]?.context.principal?.subject, "u1");
  assert.equal(calls[0]?.context.principalToken, "signed");
  assert.deepEqual(seen, ["1"]);
});

test("declared errors are values, refusals and failures have their code", async (t) => {
  const { url } = await edgeUnderTest(t);
  const client = httpClient(things, { baseUrl: url });
  const { ok, error } = await safe(client.get({ id: "missing" }));
  assert.equal(ok, false);
  assert.equal(error?.code, "notFound");
  assert.deepEqual(error?.data, { id: "missing" });
  await assert.rejects(client.create({ sku: "a", quantity: 0 }), (thrown: KerfError) => {
    assert.equal(thrown.code, "invalid_input");
    const data = thrown.data as { traceId: string; fields: { path: string }[] };
    assert.match(data.traceId, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      data.fields.map((field) => field.path),
      ["quantity"],
    );
    return true;
  });
  await assert.rejects(client.fail({ code: "overloaded" }), {
    code: "overloaded",
    retryAfterMs: 1_000,
    retry: "not-executed",
  });
  await assert.rejects(client.remove({ id: "7" }), { code: "unauthenticated" });
  await assert.rejects(client.inside({}), { code: "unknown_operation" });
  await assert.rejects(client.get({ id: ".." }), { code: "invalid_input" });
});

test("an answer that is not ours becomes an error all the same", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/hang") return void request.socket.destroy();
    response
      .writeHead(request.url === "/wait" ? 200 : 502, { "content-type": "text/html" })
      .end("<h1>no</h1>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const client = httpClient(things, { baseUrl: `http://127.0.0.1:${port}` });
  await assert.rejects(client.list({}), { code: "protocol_error" });
  await assert.rejects(client.wait({}), { code: "protocol_error" });
  await assert.rejects(client.hang({}), { code: "connection_lost" });
  await new Promise((resolve) => server.close(resolve));
  await assert.rejects(client.list({}), { code: "unavailable", retry: "not-executed" });
});

test("leaving a call cancels it at the other side", async (t) => {
  const edge = await edgeUnderTest(t);
  const client = httpClient(things, { baseUrl: edge.url });
  const controller = new AbortController();
  const arrived = edge.nextCall();
  const answer = client.wait({}, { signal: controller.signal });
  const context = await arrived;
  const cancelled = new Promise((resolve) => context.onCancel((reason) => resolve(reason.code)));
  controller.abort();
  await assert.rejects(answer, { code: "cancelled" });
  assert.equal(await cancelled, "cancelled");
  await assert.rejects(client.wait({}, { deadlineMs: 20 }), { code: "deadline_exceeded" });
});

test("a stream gives its items in order, resumes, and ends", async (t) => {
  const { url } = await edgeUnderTest(t);
  const client = httpClient(things, { baseUrl: url });
  const numbers = async (to: number, after?: string): Promise<number[]> => {
    const items = client.count({ to }, after === undefined ? {} : { after });
    return (await Array.fromAsync(items)).map((item) => item.n);
  };
  assert.deepEqual(await numbers(3), [1, 2, 3]);
  assert.deepEqual(await numbers(0), []);
  assert.deepEqual(await numbers(5, "3"), [4, 5]);
  assert.deepEqual(await numbers(5, "5"), []);
  await assert.rejects(numbers(9_999), { code: "tooFar", declared: true });
});

test("a stream that fails says why, one that breaks off is a lost connection", async (t) => {
  const { url, listener } = await edgeUnderTest(t, {
    handlers: {
      async *count(call) {
        yield { n: 1 };
        if ((call.input as { to: number }).to === 1) throw new Error("hunter2");
        await untilCancelled(call.context);
      },
    },
  });
  const client = httpClient(things, { baseUrl: url });
  await assert.rejects(Array.fromAsync(client.count({ to: 1 })), { code: "internal" });
  const items = client.count({ to: 2 })[Symbol.asyncIterator]();
  assert.deepEqual(await items.next(), { done: false, value: { n: 1 } });
  const next = items.next();
  await Promise.all([assert.rejects(next, { code: "connection_lost" }), listener.close()]);
});

test("leaving a stream, by the loop or from outside, cancels it at the other side", async (t) => {
  const edge = await edgeUnderTest(t, {
    handlers: {
      async *count(call) {
        yield { n: 1 };
        await untilCancelled(call.context);
      },
    },
  });
  const client = httpClient(things, { baseUrl: edge.url });
  const cancelled = async (): Promise<string> => {
    const context = await edge.nextCall();
    return new Promise((resolve) => context.onCancel((reason) => resolve(reason.code)));
  };
  const first = cancelled();
  for await (const _ of client.count({ to: 2 })) break;
  assert.equal(await first, "cancelled");

  const second = cancelled();
  const stream = client.count({ to: 2 });
  await assert.rejects(
    async () => {
      for await (const _ of stream) stream.cancel();
    },
    { code: "cancelled" },
  );
  assert.equal(await second, "cancelled");
  assert.throws(() => stream[Symbol.asyncIterator](), { code: "invalid_input" });
});
