import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlain, type Socket } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { systemClock, TimerWheel } from "@kerf/kernel";
import { Logger, silentLogger } from "@kerf/telemetry";
import { parseAddress } from "../address.ts";
import { connectFramed } from "../client.ts";
import { frameType } from "../frame.ts";
import { type FramedServer, type FramedServerOptions, listenFramed } from "../server.ts";
import { TestEnvironment } from "@kerf/testing/certificates";
import { contextFor } from "../testing/peers.ts";
import { greeting, RawPeer } from "../testing/raw-peer.ts";

const wheel = new TimerWheel(systemClock);
const home = await TestEnvironment.make();
const stranger = await TestEnvironment.make();
const elsewhere = await TestEnvironment.make("elsewhere");
const identity = await home.identity("orders");
const honest = await home.identity("web");

/** A unit that serves, and counts what reaches it. */
async function serve(t: TestContext, options: Partial<FramedServerOptions> = {}) {
  const calls: (string | undefined)[] = [];
  const server = await listenFramed("tcp:127.0.0.1:0", {
    clock: systemClock,
    wheel,
    log: silentLogger,
    instance: "orders-1",
    identity,
    dispatcher: {
      call: async ({ unit }) => void calls.push(unit),
      stream: () => assert.fail("nobody opens a stream"),
    },
    ...options,
  });
  t.after(() => server.close());
  return { server, calls };
}

/** Calls as an honest unit does. */
async function callHonestly(server: FramedServer): Promise<void> {
  const transport = connectFramed(server.address, {
    clock: systemClock,
    wheel,
    log: silentLogger,
    hello: { instance: "web-1" },
    security: { identity: honest, unitAt: () => "orders" },
  });
  try {
    const context = contextFor(wheel, { caller: "web" });
    await transport.call({ service: "orders", operation: "list", input: 1, context });
  } finally {
    transport.close();
  }
}

function portOf(server: FramedServer): number {
  const endpoint = parseAddress(server.address);
  assert.ok(endpoint.kind === "tcp");
  return endpoint.port;
}

/** A TLS client that accepts every server and shows whatever it likes. */
function rawTls(t: TestContext, server: FramedServer, options: ConnectionOptions): TLSSocket {
  const socket = connect({
    port: portOf(server),
    host: "127.0.0.1",
    servername: "",
    rejectUnauthorized: false,
    ALPNProtocols: ["kerf/1"],
    ...options,
  });
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  return socket;
}

const yesterday = { madeAt: systemClock.wall() - 86_400_000, lifeMs: 3_600_000 };
const ours = "spiffe://test/web";

const refusedCallers: readonly [
  what: string,
  why: RegExp,
  shows: () => Promise<ConnectionOptions>,
][] = [
  ["no certificate", /showed no certificate/, async () => ({})],
  ["a self-signed certificate", /not accepted/, async () => stranger.self],
  ["a certificate of another authority", /not accepted/, () => stranger.shown(ours)],
  ["a certificate that has expired", /CERT_HAS_EXPIRED/, () => home.shown(ours, yesterday)],
  [
    "a certificate for another environment",
    /of another environment than test/,
    () => home.shown("spiffe://elsewhere/web"),
  ],
  [
    "a certificate of another environment",
    /not accepted/,
    () => elsewhere.shown("spiffe://elsewhere/web"),
  ],
  ["a certificate that names no unit", /names no unit/, () => home.shown("https://test/web")],
  ["the authority's own certificate", /names no unit|not accepted/, async () => home.self],
];

describe("a callee tells a caller why it is refused, counts it, and serves others", () => {
  for (const [what, why, shows] of refusedCallers) {
    test(what, async (t) => {
      const { server, calls } = await serve(t);
      const socket = rawTls(t, server, await shows());
      const peer = new RawPeer(socket);
      // As if it had been let in.
      socket.write(greeting());
      const { payload } = await peer.hearsType(frameType.close);
      assert.match(payload, /^rejected: /);
      assert.match(payload, why);
      await peer.over;
      assert.equal(server.counters.unproven, 1);
      assert.equal(server.counters.opened, 0);
      await callHonestly(server);
      assert.deepEqual(calls, ["web"]);
    });
  }

  test("an application protocol of another kind, or none", async (t) => {
    const { server } = await serve(t);
    const shown = await home.shown(ours);
    const none = new RawPeer(rawTls(t, server, { ...shown, ALPNProtocols: [] }));
    assert.match((await none.hearsType(frameType.close)).payload, /does not speak kerf\/1/);
    const other = rawTls(t, server, { ...shown, ALPNProtocols: ["h2"] });
    await ending(other);
    assert.equal(server.counters.unproven, 2);
    await callHonestly(server);
  });

  test("a session that is resumed", async (t) => {
    const { server } = await serve(t);
    const shown = await home.shown(ours);
    const first = rawTls(t, server, shown);
    const [session] = (await once(first, "session")) as [Buffer];
    const again = rawTls(t, server, { ...shown, session });
    const peer = new RawPeer(again);
    assert.match(
      (await peer.hearsType(frameType.close)).payload,
      /resumed|not accepted|no certificate/,
    );
    await callHonestly(server);
  });

  test("TLS 1.2", async (t) => {
    const { server } = await serve(t);
    const socket = rawTls(t, server, { ...(await home.shown(ours)), maxVersion: "TLSv1.2" });
    await ending(socket);
    assert.equal(server.counters.unproven, 1);
    await callHonestly(server);
  });

  test("plain text", async (t) => {
    const { server } = await serve(t);
    const socket = plain(t, server);
    socket.write(greeting());
    await ending(socket);
    assert.equal(server.counters.unproven, 1);
    await callHonestly(server);
  });
});

describe("handshakes are bounded", () => {
  test("one that says nothing is ended", async (t) => {
    const { server } = await serve(t, { limits: { handshakeMs: 50 } });
    await ending(plain(t, server));
    assert.equal(server.counters.opened, 0);
  });

  test("one that has TLS and says nothing more is ended", async (t) => {
    const { server } = await serve(t, { limits: { handshakeMs: 50 } });
    await ending(rawTls(t, server, await home.shown(ours)).resume());
    assert.deepEqual(server.counters.closed, { handshake_timeout: 1 });
  });

  test("a flood of silent connections ends its own oldest ones, and leaves room for others", async (t) => {
    const { server, calls } = await serve(t, { limits: { maxHandshakes: 8, handshakeMs: 60_000 } });
    const ended = new Endings();
    for (let n = 0; n < 40; n++) ended.watch(plain(t, server));
    await ended.reached(32);
    await callHonestly(server);
    assert.deepEqual(calls, ["web"]);
    // The honest one took the place of the oldest that was left.
    await ended.reached(33);
    assert.equal(ended.count, 33);
  });

  test("what is refused is logged once a second at most", async (t) => {
    const lines: string[] = [];
    const log = new Logger({ level: "info", sink: (line) => void lines.push(line) });
    const { server } = await serve(t, { log });
    for (let n = 0; n < 5; n++) await ending(rawTls(t, server, {}).resume());
    assert.equal(server.counters.unproven, 5);
    assert.ok(lines.length >= 1 && lines.length < 5, lines.join("\n"));
  });
});

/** Resolves when the connection is over, however it ends. */
function ending(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Counts the connections that are over. */
class Endings {
  count = 0;
  #waiting: () => void = () => {};

  watch(socket: Socket): void {
    socket.once("close", () => {
      this.count++;
      this.#waiting();
    });
  }

  /** Resolves when that many are over. */
  reached(wanted: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = () => {
        if (this.count >= wanted) resolve();
      };
      this.#waiting();
    });
  }
}

function plain(t: TestContext, server: FramedServer): Socket {
  const socket = connectPlain(portOf(server), "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  t.after(() => socket.destroy());
  return socket;
}
