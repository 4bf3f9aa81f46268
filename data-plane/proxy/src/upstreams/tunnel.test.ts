import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { startForeign, startFront, type TestFront } from "../testing/front.ts";

const key = Buffer.alloc(16, 1).toString("base64");
const webSocket = {
  connection: "keep-alive, Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": key,
};

/** A foreign program whose WebSockets send back what they get, and say first how they were asked. */
async function echoing(
  t: TestContext,
  tunnelIdleMs = 60_000,
): Promise<TestFront & { sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const foreign = await startForeign(
    t,
    (request, response) =>
      void response.writeHead(request.headers.upgrade === undefined ? 200 : 500).end("plain"),
  );
  foreign.server.on("upgrade", (request, socket) => {
    sockets.push(socket as Socket);
    socket.on("error", () => {});
    if (request.url === "/ws/no")
      return void socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    const secret = request.url === "/ws/forged" ? "" : String(request.headers["sec-websocket-key"]);
    const accept = createHash("sha1")
      .update(`${secret}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\nx-from: ${String(request.headers["x-forwarded-for"])}\r\n\r\nhello`,
    );
    socket.pipe(socket);
  });
  const front = await startFront(t, {
    upstreams: { legacy: { urls: [foreign.url], policies: { tunnelIdleMs } } },
    routes: [{ path: "/ws/*", to: { upstream: "legacy" } }],
  });
  return { ...front, sockets };
}

async function open(url: string): Promise<[IncomingMessage, Socket, Buffer]> {
  const outgoing = httpRequest(url, { headers: webSocket, agent: false }).end();
  return (await once(outgoing, "upgrade")) as [IncomingMessage, Socket, Buffer];
}

async function refused(
  url: string,
  headers: Record<string, string> = webSocket,
): Promise<[number, string]> {
  const outgoing = httpRequest(url, { headers, agent: false }).end();
  const [answer] = (await once(outgoing, "response")) as [IncomingMessage];
  const body = Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)).toString();
  return [answer.statusCode ?? 0, body];
}

test(
  "a WebSocket goes through, both ways, and ends with either side",
  { timeout: 20_000 },
  async (t) => {
    const { url, sockets } = await echoing(t);
    const [answer, socket, first] = await open(`${url}/ws/chat`);
    assert.equal(answer.headers["x-from"], "127.0.0.1");
    assert.equal(answer.headers["x-trace-id"]?.length, 32);
    let got = first.toString();
    while (got.length < 5) got += String((await once(socket, "data"))[0]);
    assert.equal(got, "hello");
    const large = Buffer.alloc(1_000_000, "x");
    let size = 0;
    socket.write(large);
    while (size < large.length) size += ((await once(socket, "data"))[0] as Buffer).length;
    assert.equal(size, large.length);
    socket.destroy();
    await once(sockets[0] as Socket, "close");

    const [, other] = await open(`${url}/ws/chat`);
    sockets[1]?.destroy();
    await once(other, "close");
  },
);

test(
  "what is refused is answered: by the upstream, for another path, for a forged handshake",
  { timeout: 20_000 },
  async (t) => {
    const { url } = await echoing(t);
    assert.deepEqual(await refused(`${url}/ws/no`), [403, "no"]);
    assert.equal((await refused(`${url}/elsewhere`))[0], 404);
    const [status, problem] = await refused(`${url}/ws/forged`);
    assert.equal(status, 502);
    assert.match(problem, /"code":"protocol_error"/);
    // Another protocol than WebSocket is not offered: the request is answered as if it had not asked.
    assert.deepEqual(await refused(`${url}/ws/x`, { connection: "Upgrade", upgrade: "h2c" }), [
      200,
      "plain",
    ]);
  },
);

test(
  "a silent WebSocket ends after its bound, and all end when the gateway stops",
  { timeout: 20_000 },
  async (t) => {
    const silent = await echoing(t, 50);
    const [, socket] = await open(`${silent.url}/ws/chat`);
    socket.resume();
    await once(socket, "close");

    const stopping = await echoing(t);
    const [, other] = await open(`${stopping.url}/ws/chat`);
    other.resume().on("error", () => {});
    const closed = once(other, "close");
    await stopping.stop();
    await closed;
  },
);

test(
  "a client that resets its connection in the middle of the handshake harms nobody, and one that sends a body gets no tunnel",
  { timeout: 20_000 },
  async (t) => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<Socket>();
    const foreign = await startForeign(t, (_request, response) => void response.end("plain"));
    foreign.server.on("upgrade", (_request, socket) => ask(socket.resume() as Socket));
    const { url } = await startFront(t, {
      upstreams: { legacy: { urls: [foreign.url] } },
      routes: [{ path: "/ws/*", to: { upstream: "legacy" } }],
    });
    const outgoing = httpRequest(`${url}/ws/chat`, { headers: webSocket, agent: false }).end();
    outgoing.on("error", () => {});
    const far = await asked;
    (outgoing.socket as Socket).resetAndDestroy();
    // The gateway hears of the reset when it has something to say.
    far.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    await once(far, "close");
    const withBody = { ...webSocket, "content-length": "0", "transfer-encoding": "chunked" };
    assert.equal((await refused(`${url}/ws/x`, withBody))[0], 400);
    const sent = httpRequest(`${url}/ws/x`, {
      method: "GET",
      headers: { ...webSocket, "content-length": "4" },
      agent: false,
    });
    sent.end("body");
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    assert.equal(answer.statusCode, 200);
    answer.resume();
  },
);
