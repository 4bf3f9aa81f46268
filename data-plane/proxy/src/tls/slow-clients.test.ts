import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import {
  type FrontProtocols,
  type HttpListener,
  type HttpServerLimits,
  listenHttp,
} from "@kerf/call/http";
import { frame, frameTypes, headers, RawHttp2 } from "../protocol/testing/http2-frames.ts";
import { TestAuthority } from "../testing/certificates.ts";
import { http2Session } from "../testing/secure-front.ts";

/** More than the buffers on the way hold. */
const large = Buffer.alloc(32_000_000);
const get = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "x"],
] as const;

async function listening(
  t: TestContext,
  limits: HttpServerLimits,
  protocols: FrontProtocols = { http2: true },
  handled: () => void = () => {},
): Promise<HttpListener> {
  const listener = await listenHttp({
    host: "127.0.0.1",
    port: 0,
    limits: { checkMs: 10, ...limits },
    protocols: () => protocols,
    handler(request, response) {
      handled();
      if (request.url === "/large") response.end(large);
      else if (request.url !== "/wait") {
        request.resume();
        request.on("end", () => response.end("ok"));
      }
    },
  });
  t.after(() => listener.close());
  return listener;
}

/** A connection that is told what was received when it is over. */
function open(port: number, says = ""): { socket: Socket; over: Promise<string> } {
  const socket = connect(port, "127.0.0.1", () => socket.write(says, "latin1"));
  let received = "";
  socket
    .on("data", (chunk: Buffer) => (received += chunk.toString("latin1")))
    .on("error", () => {});
  return { socket, over: new Promise((resolve) => socket.once("close", () => resolve(received))) };
}

test("a connection that does not say what it speaks is closed", async (t) => {
  const { port } = await listening(t, { headersMs: 50 });
  for (const says of ["", "P", "PRI * HTTP/2.0\r\n"])
    assert.equal(await open(port, says).over, "", JSON.stringify(says));
  // A whole preface, but nothing more than that.
  const silent = new RawHttp2(port);
  await silent.closed;
  const authority = await TestAuthority.make("CN=site");
  const issued = await authority.issue({ name: "CN=localhost", server: true });
  const tls = { ...issued, minVersion: "TLSv1.2" } as const;
  const secure = await listening(t, { headersMs: 50 }, { tls, http2: true });
  for (const says of ["", "\x16\x03\x01"]) assert.equal(await open(secure.port, says).over, "");
});

test("what begins like HTTP/2 may still be HTTP/1.1", async (t) => {
  const { port } = await listening(t, {});
  const rest = "UT / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi";
  const { over, socket } = open(port, "P");
  await once(socket, "connect");
  socket.write(rest);
  assert.match(await over, /^HTTP\/1\.1 200 .*\r\n\r\nok$/s);
  const pipelined = `GET / HTTP/1.1\r\nhost: x\r\n\r\nP${rest}`;
  const two = await open(port, pipelined).over;
  assert.equal(two.match(/HTTP\/1\.1 200 /g)?.length, 2);
});

test("a body over HTTP/2 that does not arrive is given up", async (t) => {
  const { url } = await listening(t, { headersMs: 50, requestMs: 50 });
  const session = http2Session(t, url);
  const slow = session.request({ ":method": "POST", ":path": "/" });
  slow.on("error", () => {});
  slow.write("a");
  const [answer] = (await once(slow, "response")) as [{ ":status": number }];
  assert.equal(answer[":status"], 408);
  // One whose body is all there may take as long as its handler likes.
  const waiting = session.request({ ":path": "/wait" });
  const next = session.request({ ":method": "POST", ":path": "/" });
  next.end("b");
  assert.equal(((await once(next, "response")) as [{ ":status": number }])[0][":status"], 200);
  assert.equal(waiting.closed, false);
});

test("a client that takes nothing of its answer is let go of", async (t) => {
  const { port, url } = await listening(t, { sendMs: 50 });
  const { socket, over } = open(port, "GET /large HTTP/1.1\r\nhost: x\r\n\r\n");
  socket.pause();
  const session = connectHttp2(url);
  t.after(() => session.destroy());
  const stream = session.request({ ":path": "/large" });
  await once(stream, "response");
  // Its window is full.
  stream.on("error", () => {});
  await new Promise<void>((resolve) => stream.once("close", () => resolve()));
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL);
  socket.resume();
  assert.ok((await over).length < large.length);
});

test("answers that are taken back do not fill their connection", async (t) => {
  const { url } = await listening(t, {});
  for (let round = 0; round < 5; round++) {
    const session = http2Session(t, url);
    const ended = new Promise<void>((resolve) => session.once("close", () => resolve()));
    // Each leaves some 30 MB behind.
    for (let n = 0; n < 2; n++) {
      const stream = session.request({ ":path": "/large" });
      stream.on("error", () => {});
      await once(stream, "response");
      const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
      stream.close(constants.NGHTTP2_CANCEL);
      await closed;
    }
    await ended;
  }
  const other = http2Session(t, url).request({ ":path": "/" });
  assert.equal(((await once(other, "response")) as [{ ":status": number }])[0][":status"], 200);
});

test("a connection of HTTP/2 without a request is closed, pings or not", async (t) => {
  const { port } = await listening(t, { keepAliveMs: 50 });
  const client = new RawHttp2(port);
  client.send(headers(1, get));
  assert.equal(await client.outcome(1), 200);
  client.send(frame(frameTypes.ping, 0, 0, "12345678"));
  const goaway = await client.first(({ type }) => type === frameTypes.goaway);
  assert.equal(goaway?.payload.readUInt32BE(4), constants.NGHTTP2_NO_ERROR);
  await client.closed;
});

test("a port that is given away: clients of HTTP/2 are told, and served until they leave", async (t) => {
  const listener = await listening(t, {});
  const session = http2Session(t, listener.url);
  const waiting = session.request({ ":method": "POST", ":path": "/" });
  waiting.write("a");
  await once(session, "remoteSettings");
  const told = once(session, "goaway");
  await listener.pause();
  await told;
  await assert.rejects(fetch(listener.url));
  waiting.end("b");
  assert.equal(((await once(waiting, "response")) as [{ ":status": number }])[0][":status"], 200);
  await listener.resume();
  assert.equal((await fetch(listener.url)).status, 200);
});
