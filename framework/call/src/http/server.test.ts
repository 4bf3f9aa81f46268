import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { listenHttp } from "./server.ts";
import { edgeUnderTest } from "./testing/edge-under-test.ts";

const get = "GET /things?limit=1 HTTP/1.1\r\nhost: x\r\n\r\n";
const last = "GET /things?limit=2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

function post(body: string, extra = ""): string {
  return `POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${extra}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function statuses(answer: string): number[] {
  return [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map((match) => Number(match[1]));
}

test("what is not one unambiguous HTTP/1.1 request is refused and reaches no operation", async (t) => {
  const edge = await edgeUnderTest(t);
  const cases: [name: string, bytes: string][] = [
    [
      "both framings",
      `POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nG`,
    ],
    [
      "two lengths",
      `POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n1`,
    ],
    ["a signed length", `POST /things HTTP/1.1\r\nhost: x\r\ncontent-length: +1\r\n\r\n1`],
    [
      "an unknown coding",
      `POST /things HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    ],
    ["a space before the colon", `GET /things HTTP/1.1\r\nhost : x\r\n\r\n`],
    ["a folded header", `GET /things HTTP/1.1\r\nhost: x\r\nx-a: 1\r\n 2\r\n\r\n`],
    ["a bare line feed", `GET /things HTTP/1.1\nhost: x\n\n`],
    [
      "a bad chunk",
      `POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
    ],
    ["no host", `GET /things HTTP/1.1\r\n\r\n`],
    ["two hosts", `GET /things HTTP/1.1\r\nhost: x\r\nhost: y\r\nconnection: close\r\n\r\n`],
    [
      "two credentials",
      `DELETE /things/1 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer good\r\nauthorization: Bearer bad\r\nconnection: close\r\n\r\n`,
    ],
    ["no HTTP", `\x16\x03\x01\x02\x00\x01`],
  ];
  for (const [name, bytes] of cases) {
    const answer = await edge.raw(bytes);
    assert.deepEqual(statuses(answer), [400], `${name}: ${answer}`);
    assert.match(answer, /^connection: close\r$/im, name);
  }
  assert.equal(edge.calls.length, 0);
});

test("heads have a bound", async (t) => {
  const edge = await edgeUnderTest(t);
  const many = Array.from({ length: 101 }, (_, i) => `x-${i}: 1\r\n`).join("");
  const large = await edge.raw(
    `GET /things HTTP/1.1\r\nhost: x\r\nx-a: ${"a".repeat(17_000)}\r\n\r\n`,
  );
  const fields = await edge.raw(
    `GET /things HTTP/1.1\r\nhost: x\r\n${many}connection: close\r\n\r\n`,
  );
  for (const answer of [large, fields]) {
    assert.deepEqual(statuses(answer), [431]);
    assert.match(answer, /"code":"headers_too_large"/);
  }
  assert.equal(edge.calls.length, 0);
});

test("a connection goes on after a refusal whose request arrived whole", async (t) => {
  const edge = await edgeUnderTest(t);
  const small = `{"sku":"a","quantity":1}`;
  const cases: [name: string, bytes: string, status: number][] = [
    ["not JSON", post("{"), 400],
    ["not valid", post("{}"), 400],
    ["no route", "POST /nothing HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345", 404],
    ["not allowed", "PATCH /things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345", 405],
    ["too large", post(`"${"x".repeat(2_000)}"`), 413],
    ["not JSON at all", post(small).replace("application/json", "text/plain"), 415],
    ["no user", "DELETE /things/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345", 401],
    [
      "a body where none belongs",
      "GET /things HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n12345",
      200,
    ],
  ];
  for (const [name, bytes, status] of cases) {
    assert.deepEqual(statuses(await edge.raw(bytes, last)), [status, 200], name);
    assert.deepEqual(
      statuses(await edge.raw(bytes + get + last)),
      [status, 200, 200],
      `${name}, pipelined`,
    );
  }
});

test("a large body that is refused early is answered, and its connection closed", async (t) => {
  const edge = await edgeUnderTest(t);
  const socket = connect(edge.listener.port, edge.listener.host);
  await once(socket, "connect");
  socket.on("error", () => {});
  socket.write(
    "POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 8000000\r\n\r\n",
  );
  // Goes on sending while it is answered, as clients do; what it would smuggle after its body is never read as a request.
  socket.write("x".repeat(4_000_000));
  socket.write("x".repeat(4_000_000) + get);
  const answer = await text(socket);
  assert.deepEqual(statuses(answer), [413]);
  assert.match(answer, /^connection: close\r$/im);
  assert.match(answer, /"code":"payload_too_large"/);
  const chunked = await edge.raw(
    "POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    `7d0\r\n"${"x".repeat(1_998)}"\r\n0\r\n\r\n`,
    last,
  );
  assert.equal(statuses(chunked)[0], 413);
  assert.equal(edge.calls.filter((call) => call.operation === "create").length, 0);
});

test("asks for a body only once it wants it", async (t) => {
  const edge = await edgeUnderTest(t);
  const send = async (
    path: string,
    length: number,
  ): Promise<[continued: boolean, status: number]> => {
    const request = httpRequest(edge.url + path, {
      method: "POST",
      headers: {
        expect: "100-continue",
        "content-type": "application/json",
        "content-length": length,
      },
    });
    let continued = false;
    request.on("continue", () => {
      continued = true;
      request.end(`{"sku":"a","quantity":1}`);
    });
    request.flushHeaders();
    const [response] = (await once(request, "response")) as [
      NodeJS.ReadableStream & { statusCode: number },
    ];
    await text(response);
    request.destroy();
    return [continued, response.statusCode];
  };
  assert.deepEqual(await send("/things", 24), [true, 201]);
  assert.deepEqual(await send("/nothing", 24), [false, 404]);
  assert.deepEqual(await send("/things", 5_000), [false, 413]);
});

test("requests that do not arrive are given up", async (t) => {
  const edge = await edgeUnderTest(t, { server: { headersMs: 40, requestMs: 80, checkMs: 10 } });
  const head = await edge.raw("GET /things HTTP/1.1\r\nhost: x\r\n");
  const body = await edge.raw(post("{").replace("content-length: 1", "content-length: 100"));
  for (const answer of [head, body]) {
    assert.deepEqual(statuses(answer), [408]);
    assert.match(answer, /"code":"request_timeout"/);
  }
  assert.equal(edge.calls.length, 0);
});

test("a connection changes its reader in the middle, and no request is lost", async (t) => {
  const edge = await edgeUnderTest(t);
  const body = `{"sku":"a","quantity":1}`;
  const whole = post(body);
  const chunked = `POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const pipelined = await edge.raw(get + whole + chunked + get + whole + last);
  assert.deepEqual(statuses(pipelined), [200, 201, 201, 200, 201, 200]);
  // What comes in two pieces is not there as a whole.
  const [first, second] = [whole.slice(0, -5), whole.slice(-5)];
  assert.deepEqual(statuses(await edge.raw(get + first, second + get, last)), [200, 201, 200, 200]);
});

test("whoever sends many requests ahead waits, and keeps nothing of the server's memory", async (t) => {
  const { promise: go, resolve: answer } = Promise.withResolvers<void>();
  const edge = await edgeUnderTest(t, { handlers: { wait: () => go.then(() => "done") } });
  const socket = connect(edge.listener.port, edge.listener.host);
  const arrived = edge.nextCall();
  socket.write("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
  await arrived;
  // More than the buffers of both ends of a connection take.
  const many = Buffer.from(get.repeat(200_000));
  let sent = 0;
  const send = (): void => {
    while (sent < many.length && socket.write(many.subarray(sent, (sent += 65_536))));
  };
  socket.on("drain", send).on("error", () => {});
  send();
  let answers = 0;
  const hundred = new Promise<void>((resolve) =>
    socket.on("data", (bytes: Buffer) => {
      answers += bytes.toString("latin1").split("HTTP/1.1 200").length - 1;
      if (answers > 100) resolve();
    }),
  );
  answer();
  await hundred;
  // What was taken in beside them is bounded: by the two buffers and a piece.
  assert.ok(socket.writableLength + (many.length - sent) > 0, "the client had to wait");
  socket.destroy();
});

test("a client that leaves is noticed behind what it sent ahead", async (t) => {
  const edge = await edgeUnderTest(t);
  const socket = connect(edge.listener.port, edge.listener.host);
  const arrived = edge.nextCall();
  socket.write("GET /wait HTTP/1.1\r\nhost: x\r\n\r\n");
  const context = await arrived;
  const cancelled = new Promise((resolve) => context.onCancel(({ code }) => resolve(code)));
  socket.write(get);
  socket.end(get);
  assert.equal(await cancelled, "cancelled");
});

test("a connection without a request is closed in time, before its first and between two", async (t) => {
  const edge = await edgeUnderTest(t, {
    server: { headersMs: 40, keepAliveMs: 40, checkMs: 10 },
  });
  const silent = connect(edge.listener.port, edge.listener.host);
  await once(silent.resume(), "close");
  const idle = connect(edge.listener.port, edge.listener.host);
  idle.write(get);
  assert.deepEqual(statuses(await text(idle)), [200]);
});

test("a client that leaves in the middle of its body harms nobody", async (t) => {
  const edge = await edgeUnderTest(t);
  const socket = connect(edge.listener.port, edge.listener.host);
  socket.write(post("{").replace("content-length: 1", "content-length: 100"));
  // Answered in between: the request with half a body has arrived by then.
  await (await fetch(`${edge.url}/things`)).text();
  socket.resetAndDestroy();
  await t.waitFor(() => assert.ok(edge.lines.some((line) => line["status"] === 499)), {
    timeout: 10_000,
  });
  assert.equal((await fetch(`${edge.url}/things`)).status, 200);
  assert.ok(edge.calls.every((call) => call.operation === "list"));
});

test("takes absolute targets, and answers HEAD and OPTIONS", async (t) => {
  const edge = await edgeUnderTest(t);
  const absolute = await edge.raw(last.replace("/things", "http://x/things"));
  assert.deepEqual(statuses(absolute), [200]);
  const all = await edge.raw("OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  assert.match(all, /^HTTP\/1\.1 204 [\s\S]*^allow: DELETE, GET, HEAD, OPTIONS, POST, PUT\r$/m);
  const one = await fetch(`${edge.url}/things/7`, { method: "OPTIONS" });
  assert.equal(one.headers.get("allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
  const none = await fetch(`${edge.url}/things/7`, { method: "PATCH" });
  assert.equal(none.headers.get("allow"), "DELETE, GET, HEAD, OPTIONS, PUT");
  const body = await fetch(`${edge.url}/things/7`);
  const head = await fetch(`${edge.url}/things/7`, { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-length"), String((await body.arrayBuffer()).byteLength));
  assert.equal((await head.arrayBuffer()).byteLength, 0);
  const missing = await edge.raw("HEAD /things/missing HTTP/1.1\r\nhost: x\r\n\r\n", last);
  assert.deepEqual(statuses(missing), [404, 200]);
});

test("drains: what is in flight finishes, what is idle is closed, nothing new is taken", async (t) => {
  const { promise: go, resolve: finish } = Promise.withResolvers<void>();
  const edge = await edgeUnderTest(t, { handlers: { wait: () => go.then(() => "done") } });
  const idle = connect(edge.listener.port, edge.listener.host);
  idle.write(get);
  await once(idle, "data");
  const arrived = edge.nextCall();
  const busy = fetch(`${edge.url}/wait`);
  await arrived;
  const drained = edge.listener.drain(60_000);
  await once(idle.resume(), "close");
  await assert.rejects(fetch(`${edge.url}/things`));
  finish();
  assert.equal(await (await busy).text(), '"done"');
  await drained;
});

test("a request that has arrived when idle connections are closed is answered", async (t) => {
  const edge = await edgeUnderTest(t);
  const client = connect(edge.listener.port, edge.listener.host);
  client.write(get);
  await once(client, "data");
  const drained = edge.listener.drain(60_000);
  client.write(get);
  // So busy that it is time to close them before anything was read.
  for (const until = performance.now() + 400; performance.now() < until;);
  assert.deepEqual(statuses(await text(client)), [200]);
  await drained;
});

test("whoever is connected when it stops listening is served, accepted or not", async (t) => {
  const { listener } = await edgeUnderTest(t);
  // They connect before this process has had a turn to accept any of them.
  const waiting = Array.from({ length: 50 }, () => connect(listener.port, listener.host));
  const answers = waiting.map((socket) => {
    socket.write(get);
    return text(socket);
  });
  await listener.pause();
  assert.equal(listener.isListening, false);
  for (const answer of await Promise.all(answers)) assert.deepEqual(statuses(answer), [200]);
  await assert.rejects(fetch(listener.url), TypeError);
});

test("a drain that takes too long ends what is left", async (t) => {
  const edge = await edgeUnderTest(t);
  const arrived = edge.nextCall();
  const busy = assert.rejects(fetch(`${edge.url}/wait`));
  const context = await arrived;
  const cancelled = new Promise((resolve) => context.onCancel((reason) => resolve(reason.code)));
  await edge.listener.drain(20);
  await busy;
  assert.equal(await cancelled, "cancelled");
});

test("a port that is taken is named together with who has it", async (t) => {
  const edge = await edgeUnderTest(t);
  const { host, port } = edge.listener;
  await assert.rejects(listenHttp({ handler: () => {}, host, port }), (thrown: KerfError) => {
    assert.equal(thrown.code, "start_failed");
    assert.match(thrown.message, new RegExp(`Port ${port} of 127.0.0.1 is taken`));
    if (process.platform === "linux")
      assert.match(thrown.message, new RegExp(`by process ${process.pid} `));
    return true;
  });
});
