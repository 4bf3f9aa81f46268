import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { request as requestHttp } from "node:http";
import { test } from "node:test";
import { data, frame, frameTypes, headers, RawHttp2 } from "../protocol/testing/http2-frames.ts";
import { startForeign, startFront } from "../testing/front.ts";
import { askHttp2, http2Session, startSecureFront } from "../testing/secure-front.ts";

const cancelled = constants.NGHTTP2_CANCEL;

test("an operation answers over HTTP/2 as it does over HTTP/1.1", async (t) => {
  const { authority, platform, url } = await startSecureFront(t);
  const session = http2Session(t, url, { ca: authority.pem });
  const authorization = `Bearer ${await platform.issuer.sign({ subject: "ada" })}`;
  const head = { ":method": "POST", ":path": "/notes/a", authorization };
  const type = { "content-type": "application/json" };

  // Lengths are known or not; the body ends with its stream.
  const added = await askHttp2(session, { ...head, ...type }, '{"text":"hí €"}');
  assert.deepEqual(
    [added.status, JSON.parse(added.body)],
    [201, { book: "a", text: "hí €", by: "ada" }],
  );
  const length = { "content-length": "13" };
  assert.equal(
    (await askHttp2(session, { ...head, ...type, ...length }, '{"text":"hi"}')).status,
    201,
  );
  assert.equal((await askHttp2(session, { ...head, ...type })).status, 400, "no body at all");
  assert.equal((await askHttp2(session, head, "{}")).status, 415);

  const only = await askHttp2(session, { ":method": "HEAD" });
  assert.deepEqual([only.status, only.body], [200, ""]);
  assert.ok(Number(only.headers["content-length"]) > 0);
  assert.equal((await askHttp2(session, { ":path": "/none" })).status, 404);
  assert.equal((await askHttp2(session, { ":path": "/health" })).status, 200);
  assert.equal((await askHttp2(session, { ":path": "/notes/mine" })).status, 401);
  assert.equal((await askHttp2(session, { ":path": "*", ":method": "OPTIONS" })).status, 204);

  // A large body that is refused by the head: the answer is whole, and the client need not send the rest.
  const large = session.request({ ...head, ...type, "content-length": "9000000" });
  large.on("error", () => {});
  large.write(Buffer.alloc(60_000));
  const [refusal] = (await once(large, "response")) as [{ ":status": number }];
  assert.equal(refusal[":status"], 413);
  await once(large.resume(), "close");
  assert.equal(large.rstCode, constants.NGHTTP2_NO_ERROR);

  // 100-continue, and expectations that nobody knows.
  const waiting = session.request({ ...head, ...type, expect: "100-continue" });
  await once(waiting, "continue");
  waiting.end('{"text":"hi"}');
  const [late] = (await once(waiting, "response")) as [{ ":status": number }];
  assert.equal(late[":status"], 201);
  assert.equal((await askHttp2(session, { expect: "a miracle" })).status, 417);

  const stream = await askHttp2(session, { ":path": "/notes/a/stream", "last-event-id": "1" });
  assert.match(stream.body, /^retry: 1000\n\nid: 2\n.*\n\nid: 3\n.*\n\n: end\n\n$/);
});

test("a stream that its client takes back ends the call", async (t) => {
  const { promise: left, resolve: leave } = Promise.withResolvers<string>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { authority, url } = await startSecureFront(t, undefined, {
    hang: {
      run: ({ context }) => {
        arrive();
        return new Promise((_, reject) =>
          context.onCancel((reason) => {
            leave(reason.code);
            reject(reason);
          }),
        );
      },
    },
  });
  const session = http2Session(t, url, { ca: authority.pem });
  const hanging = session.request({ ":path": "/hang" });
  hanging.on("error", () => {});
  await arrived;
  hanging.close(cancelled);
  assert.match(await left, /cancelled|deadline_exceeded/);
});

test("a body whose connection breaks off is none", async (t) => {
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const called: unknown[] = [];
  const front = await startFront(
    t,
    { http2: true },
    { add: { run: ({ input }) => void called.push(input) } },
  );
  const authorization = `Bearer ${await front.platform.issuer.sign({ subject: "ada" })}`;
  const client = new RawHttp2(Number(new URL(front.url).port));
  const head = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/notes/a"],
    [":authority", "x"],
    ["authorization", authorization],
    ["content-type", "application/json"],
  ] as const;
  // Whole JSON, but not the end of the body.
  client.send(headers(1, head, false), data(1, '{"text":"hi"}', false));
  client.send(frame(frameTypes.ping, 0, 0, "received"));
  await client.first(({ type }) => type === frameTypes.ping);
  client.socket.end(end);
  await over;
  await client.closed;
  await front.said(/^request$/, 0);
  assert.deepEqual(called, []);
});

test("a foreign upstream gets what an HTTP/1.1 client would have sent", async (t) => {
  const seen: unknown[] = [];
  const { url: upstream } = await startForeign(t, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const { host, "x-forwarded-proto": proto, "x-forwarded-host": asked, cookie } = request.headers;
    seen.push([request.method, request.url, proto, asked, cookie, body]);
    assert.ok(!request.rawHeaders.some((name) => name.startsWith(":")));
    assert.equal(host, new URL(upstream).host);
    response.writeHead(200, "Fine", {
      "x-a": ["1", "2"],
      connection: "close",
      "set-cookie": ["a=1", "b=2"],
    });
    response.end("x".repeat(200_000));
  });
  const { authority, url } = await startSecureFront(t, () => ({
    upstreams: { legacy: { urls: [upstream] } },
    routes: [{ path: "/legacy/*", to: { upstream: "legacy" } }],
  }));
  const session = http2Session(t, url, { ca: authority.pem });
  const path = { ":path": "/legacy/a?b=1", ":authority": "shop.example", cookie: "x=1; y=2" };
  const read = await askHttp2(session, path);
  assert.equal(read.body.length, 200_000);
  assert.deepEqual([read.headers["x-a"], read.headers["set-cookie"]], ["1, 2", ["a=1", "b=2"]]);
  assert.equal(read.headers.connection, undefined);
  await askHttp2(session, { ...path, ":method": "PUT" }, "body");
  assert.deepEqual(seen, [
    ["GET", "/legacy/a?b=1", "https", "shop.example", "x=1; y=2", ""],
    ["PUT", "/legacy/a?b=1", "https", "shop.example", "x=1; y=2", "body"],
  ]);
});

test("small answers of an upstream pass byte by byte, cookies as one field, trailers as such", async (t) => {
  const cookies: unknown[] = [];
  const { url: upstream } = await startForeign(t, (request, response) => {
    cookies.push(request.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === "cookie"));
    if (request.url !== "/legacy/trailers")
      return void response.end(Buffer.from([0x7f, 0x80, 0xc3, 0xff, 0]));
    response.writeHead(200, { trailer: "x-sum, set-cookie" });
    response.write("body");
    response.addTrailers([
      ["x-sum", "1"],
      ["x-sum", "2"],
      ["set-cookie", "late=1"],
    ]);
    response.end();
  });
  const { authority, url } = await startSecureFront(t, () => ({
    upstreams: { legacy: { urls: [upstream] } },
    routes: [{ path: "/legacy/*", to: { upstream: "legacy" } }],
  }));
  const session = http2Session(t, url, { ca: authority.pem });
  const bytes = session.request({ ":path": "/legacy/bytes", cookie: ["a=1", "sid=x"] });
  const read = Buffer.concat(await Array.fromAsync(bytes as AsyncIterable<Buffer>));
  assert.deepEqual([...read], [0x7f, 0x80, 0xc3, 0xff, 0]);
  assert.deepEqual(cookies, [["a=1; sid=x"]]);
  const trailing = session.request({ ":path": "/legacy/trailers", te: "trailers" });
  const [[trailers]] = await Promise.all([
    once(trailing, "trailers"),
    once(trailing.resume(), "end"),
  ]);
  assert.deepEqual(Object.entries(trailers as object), [["x-sum", "1, 2"]]);
});

test("in clear text, HTTP/2 is for those that begin with it, and only where it is asked for", async (t) => {
  const plain = await startFront(t, { http2: true });
  assert.match(plain.url, /^http:/);
  const answer = await askHttp2(http2Session(t, plain.url), {});
  assert.deepEqual(JSON.parse(answer.body), { limit: 2, caller: "gateway:web" });
  const one = await fetch(`${plain.url}/notes`);
  assert.equal(one.status, 200);
  const authorization = `Bearer ${await plain.platform.issuer.sign({ subject: "ada" })}`;
  // Begins like the preface; and is pipelined behind its first byte.
  const posted = requestHttp(`${plain.url}/notes/a`, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
  });
  posted.end('{"text":"hi"}');
  const [response] = (await once(posted, "response")) as [{ statusCode: number }];
  assert.equal(response.statusCode, 201);
  const without = await startFront(t);
  await assert.rejects(askHttp2(http2Session(t, without.url), {}));
});

test("drains: clients are told to go elsewhere, and what is under way is answered", async (t) => {
  const { promise: go, resolve: finish } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const { authority, url, stop } = await startSecureFront(t, undefined, {
    open: {
      async run({ context }) {
        arrive();
        await go;
        return { limit: 1, caller: context.caller };
      },
    },
  });
  const ca = authority.pem;
  const [busy, idle] = [http2Session(t, url, { ca }), http2Session(t, url, { ca })];
  assert.equal((await askHttp2(idle, { ":path": "/health" })).status, 200);
  const answer = askHttp2(busy, {});
  await arrived;
  const told = [once(busy, "goaway"), once(idle, "goaway")];
  const ended = once(idle, "close");
  const stopped = stop();
  await Promise.all(told);
  await ended;
  finish();
  assert.equal((await answer).status, 200);
  await stopped;
});
