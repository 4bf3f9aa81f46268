import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, Server as TlsServer } from "node:tls";
import { test, type TestContext } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { TestAuthority } from "../../testing/certificates.ts";
import type { ExchangeHandler, Http1Connection } from "./connection.ts";
import { Http1Pool } from "./pool.ts";
import type { Http1Request } from "./request-head.ts";

/** What came of one request. */
interface Outcome {
  status?: number;
  body: string;
  trailers?: readonly string[];
  error?: Error & { code?: string };
  /** Whether it may have been written. */
  sent: boolean;
}

const get: Http1Request = { method: "GET", target: "/", fields: [], body: null };

function send(
  pool: Http1Pool,
  request: Partial<Http1Request> = {},
  more: Partial<ExchangeHandler> = {},
): { outcome: Promise<Outcome>; connection: Http1Connection; handler: ExchangeHandler } {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const outcome: Outcome = { body: "", sent: false };
  const handler: ExchangeHandler = {
    onConnected: () => (outcome.sent = true),
    onInterim() {},
    onHead: ({ status }) => (outcome.status = status),
    onBody: (bytes) => (outcome.body += bytes.toString("latin1")),
    onEnd: (trailers) => resolve({ ...outcome, trailers }),
    onError: (error) => resolve({ ...outcome, error }),
    ...more,
  };
  const connection = pool.send({ ...get, ...request }, handler);
  return { outcome: promise, connection, handler };
}

/** A server that says what it is told for each head that comes; and a pool to it. */
async function inFront(
  t: TestContext,
  answer: (socket: Socket, text: string, nth: number) => void,
  server: Server = createServer(),
): Promise<{ pool: Http1Pool; clock: ManualClock; sockets: Socket[]; server: Server }> {
  const sockets: Socket[] = [];
  let nth = 0;
  const isTls = server instanceof TlsServer;
  server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.on("data", (bytes) => answer(socket, bytes.toString("latin1"), nth++));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const clock = new ManualClock();
  const { port } = server.address() as AddressInfo;
  const pool = new Http1Pool(
    {
      host: "127.0.0.1",
      port,
      authority: `127.0.0.1:${port}`,
      tls: isTls ? { options: { rejectUnauthorized: false }, session: undefined } : undefined,
      connectMs: 1_000,
      idleMs: 5_000,
    },
    4_000,
    clock,
  );
  t.after(() => {
    pool.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { pool, clock, sockets, server };
}

const hi = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

test("one connection serves one request after another, several serve several at once", async (t) => {
  const { pool, sockets } = await inFront(t, (socket) => socket.write(hi));
  for (let n = 0; n < 3; n++) assert.equal((await send(pool).outcome).body, "hi");
  assert.equal(sockets.length, 1);
  await Promise.all([send(pool).outcome, send(pool).outcome]);
  assert.equal(sockets.length, 2);
});

test("an unused connection closes after its time, or the server's with a second to spare", async (t) => {
  const { pool, clock, sockets } = await inFront(t, (socket, text) =>
    socket.write(
      text.includes("/short") ? hi.replace("\r\n\r\n", "\r\nkeep-alive: timeout=3\r\n\r\n") : hi,
    ),
  );
  await send(pool).outcome;
  await clock.advance(3_900);
  await send(pool, { target: "/short" }).outcome;
  assert.equal(sockets.length, 1);
  const closed = once(sockets[0] as Socket, "close");
  await clock.advance(2_100);
  await closed;
  await send(pool).outcome;
  assert.equal(sockets.length, 2);
});

test("a connection whose server closed it, or said what nobody asked, is not used again", async (t) => {
  const { pool, sockets } = await inFront(t, (socket) => socket.write(hi));
  const { connection } = send(pool);
  await send(pool).outcome;
  for (const end of [(socket: Socket) => socket.end(), (socket: Socket) => socket.write(hi)]) {
    const gone = sockets.map(async (socket) => {
      const closed = once(socket, "close");
      end(socket);
      await closed;
    });
    await Promise.all(gone);
    sockets.length = 0;
    assert.ok(!connection.isUsable);
    assert.equal((await send(pool).outcome).body, "hi");
    assert.equal(sockets.length, 1);
  }
});

test("an answer with more behind it, one that closes, and one without an end of its own keep no connection", async (t) => {
  const answers = [
    `${hi}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`,
    hi.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"),
    "HTTP/1.0 200 OK\r\n\r\nhi",
    hi,
  ];
  const { pool, sockets } = await inFront(t, (socket, _text, nth) => {
    socket.write(answers[nth] as string);
    if (nth === 2) socket.end();
  });
  for (const _each of answers) assert.equal((await send(pool).outcome).body, "hi");
  assert.equal(sockets.length, answers.length);
});

test("what nobody accepts was not sent; what was sent and not answered is not known", async (t) => {
  const { pool, server } = await inFront(t, (socket, _text, nth) => {
    if (nth === 0) socket.write(hi);
    else socket.destroy();
  });
  await send(pool).outcome;
  // On the connection that is there, and on a new one.
  for (let n = 0; n < 2; n++) {
    const { error, sent, status } = await send(pool, { method: "POST", body: Buffer.from("x") })
      .outcome;
    assert.deepEqual([sent, status], [true, undefined]);
    assert.ok(error);
  }
  server.close();
  await once(server, "close");
  const refused = await send(pool).outcome;
  assert.deepEqual([refused.sent, refused.error?.code], [false, "ECONNREFUSED"]);
});

test("connecting is bounded", async (t) => {
  // It accepts, and never shakes hands.
  const { pool, clock, server } = await inFront(t, () => {});
  const { port } = server.address() as AddressInfo;
  const tls = { options: { rejectUnauthorized: false }, session: undefined };
  const target = { host: "127.0.0.1", port, authority: "x", tls, connectMs: 1_000, idleMs: 5_000 };
  const { outcome } = send(new Http1Pool(target, 4_000, clock));
  await once(server, "connection");
  await clock.advance(1_000);
  const { error, sent } = await outcome;
  assert.deepEqual([error?.code, sent], ["CONNECT_TIMEOUT", false]);
  assert.equal((await send(pool, { target: "/a b" }).outcome).error?.name, "UnsendableRequest");
});

test("silence within a body is bounded, but not while the reader holds it up", async (t) => {
  const head = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n";
  const { pool, clock } = await inFront(t, (socket) => socket.write(`${head}hi`));
  let begun = Promise.withResolvers<void>();
  const silent = send(pool, {}, { onBody: () => begun.resolve() });
  await begun.promise;
  await clock.advance(4_999);
  begun = Promise.withResolvers();
  const held = send(pool, {}, { onBody: () => (held.connection.pause(), begun.resolve()) });
  await begun.promise;
  await clock.advance(1);
  assert.equal((await silent.outcome).error?.code, "BODY_TIMEOUT");
  await clock.advance(60_000);
  held.connection.resume(held.handler);
  await clock.advance(5_000);
  await clock.advance(5_000);
  assert.equal((await held.outcome).error?.code, "BODY_TIMEOUT");
});

test("a body goes with its length or in chunks, and what frames it is written once", async (t) => {
  let seen = "";
  const { pool } = await inFront(t, (socket, text) => {
    seen += text;
    if (/(?:\r\n\r\nab|0\r\n\r\n)$/.test(seen)) socket.write(hi);
  });
  async function* pieces(): AsyncGenerator<Buffer> {
    yield Buffer.from("a");
    yield Buffer.from("b");
  }
  const forged = ["content-length", "7", "transfer-encoding", "chunked", "connection", "close"];
  const said = async (request: Partial<Http1Request>): Promise<string> => {
    seen = "";
    assert.equal((await send(pool, { method: "POST", ...request }).outcome).body, "hi");
    return seen.replace(/host: [^\r]*\r\n/, "");
  };
  const first = "POST / HTTP/1.1\r\n";
  assert.equal(
    await said({ body: Buffer.from("ab"), fields: [...forged, "x", "1"] }),
    `${first}x: 1\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nab`,
  );
  assert.equal(
    await said({ body: pieces() }),
    `${first}transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n`,
  );
  assert.equal(
    await said({ body: pieces(), fields: ["content-length", "2"] }),
    `${first}content-length: 2\r\nconnection: keep-alive\r\n\r\nab`,
  );
  const wrong = send(pool, { method: "POST", body: pieces(), fields: ["content-length", "1"] });
  assert.match((await wrong.outcome).error?.message ?? "", /longer than its head/);
});

test("an answer before the whole request was sent is an answer, and ends the connection", async (t) => {
  const { pool, sockets } = await inFront(t, (socket) => socket.write(hi));
  const more = Promise.withResolvers<void>();
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from("a");
    await more.promise;
    yield Buffer.from("b");
  }
  assert.equal((await send(pool, { method: "POST", body: body() }).outcome).body, "hi");
  more.resolve();
  await send(pool).outcome;
  assert.equal(sockets.length, 2);
});

test("whoever gave up a request cannot end the one after it", async (t) => {
  const { pool, sockets } = await inFront(t, (socket, _text, nth) => nth < 3 && socket.write(hi));
  const first = send(pool);
  await first.outcome;
  const second = send(pool);
  first.connection.abandon(first.handler, new Error("too late"));
  assert.equal((await second.outcome).body, "hi");
  await send(pool).outcome;
  const third = send(pool);
  third.connection.abandon(third.handler, new Error("enough"));
  assert.equal((await third.outcome).error?.message, "enough");
  assert.equal(sockets.length, 1);
});

test("over TLS, and again on a session that it remembers", async (t) => {
  const authority = await TestAuthority.make("CN=test");
  const server = createTlsServer(await authority.issue({ name: "CN=upstream", server: true }));
  const closing = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:";
  const { pool, sockets } = await inFront(
    t,
    (socket, text) =>
      socket.end(
        text.includes("/big")
          ? `${closing} 300000\r\n\r\n${"x".repeat(300_000)}`
          : `${closing} 2\r\n\r\nhi`,
      ),
    server,
  );
  for (const target of ["/", "/big"]) {
    const { body, error } = await send(pool, { target }).outcome;
    assert.deepEqual([error, body.length], [undefined, target === "/" ? 2 : 300_000]);
  }
  const [, again] = sockets as unknown as { isSessionReused(): boolean }[];
  assert.equal(again?.isSessionReused(), true);
});
