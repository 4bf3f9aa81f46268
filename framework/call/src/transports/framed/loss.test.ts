import assert from "node:assert/strict";
import { unlink } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  CallContext,
  KerfError,
  ManualClock,
  newTrace,
  systemClock,
  TimerWheel,
} from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Transport } from "../../transport.ts";
import { connectFramed } from "./client.ts";
import { FramedCounters } from "./counters.ts";
import { frameType } from "./frame.ts";
import type { FramedLimits } from "./limits.ts";
import { contextFor, startPeers, temporaryDirectory } from "./testing/peers.ts";
import { frame, greeting, type RawPeer, rawClient, rawServer } from "./testing/raw-peer.ts";

interface Client {
  readonly transport: Transport;
  readonly counters: FramedCounters;
  readonly ask: (input?: unknown, remainingMs?: number) => Promise<KerfError>;
}

/** A client of whatever listens at `path`; every call of it is expected to fail. */
function failingClient(t: TestContext, path: string, limits: Partial<FramedLimits> = {}): Client {
  const wheel = new TimerWheel(systemClock);
  const counters = new FramedCounters();
  const transport = connectFramed(`unix:${path}`, {
    clock: systemClock,
    wheel,
    log: silentLogger,
    hello: { instance: "caller-1" },
    limits,
    counters,
  });
  t.after(() => transport.close());
  const ask = async (input: unknown = 1, remainingMs = 5000): Promise<KerfError> => {
    const context = contextFor(wheel, { remainingMs });
    try {
      const value = await transport.call({ service: "echo", operation: "say", input, context });
      assert.fail(`It was answered with ${JSON.stringify(value)}.`);
    } catch (thrown) {
      assert.ok(thrown instanceof KerfError, String(thrown));
      return thrown;
    } finally {
      context.release();
    }
  };
  return { transport, counters, ask };
}

test("nobody listens: nothing was executed", async (t) => {
  const directory = await temporaryDirectory(t);
  const { transport, ask } = failingClient(t, join(directory, "nobody"));
  const errors = await Promise.all([ask(), ask(), ask()]);
  for (const error of errors) {
    assert.equal(error.code, "unavailable");
    assert.equal(error.retry, "not-executed");
    assert.match(error.message, /ENOENT/);
  }
  assert.equal(transport.usable, false);
  assert.equal((await ask()).retry, "not-executed");
});

test("a peer that accepts and says nothing is given up after the handshake's time", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  await rawServer(t, path, () => {});
  const { ask, counters } = failingClient(t, path, { handshakeMs: 30 });
  const error = await ask();
  assert.match(error.message, /handshake_timeout/);
  assert.equal(error.code, "unavailable");
  assert.equal(error.retry, "not-executed");
  assert.deepEqual(counters.closed, { handshake_timeout: 1 });
});

test("a caller that connects and says nothing is given up too", async (t) => {
  const { server } = await startPeers(
    t,
    { call: async () => 1, async *stream() {} },
    { server: { limits: { handshakeMs: 30 } } },
  );
  const peer = await rawClient(t, server.address.slice("unix:".length));
  await peer.over;
  assert.deepEqual(server.counters.closed, { handshake_timeout: 1 });
});

test("lost before the handshake is done: nothing was executed", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  await rawServer(
    t,
    path,
    (peer) => void peer.hearsType(frameType.hello).then(() => peer.socket.destroy()),
  );
  const { ask } = failingClient(t, path);
  const errors = await Promise.all([ask(), ask()]);
  for (const error of errors) {
    assert.equal(error.code, "unavailable");
    assert.equal(error.retry, "not-executed");
  }
});

test("lost after the request was written: nobody knows", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  await rawServer(t, path, async (peer) => {
    peer.socket.write(greeting());
    await peer.hearsType(frameType.request);
    peer.socket.destroy();
  });
  const { ask, transport } = failingClient(t, path);
  const error = await ask();
  assert.equal(error.code, "connection_lost");
  assert.equal(error.retry, "unknown");
  assert.equal(transport.inFlight, 0);
});

test("lost in the middle of an answer: nobody knows", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  await rawServer(t, path, async (peer) => {
    peer.socket.write(greeting());
    await peer.hearsType(frameType.request);
    peer.socket.end(
      frame(frameType.response, 0, JSON.stringify("x".repeat(1000))).subarray(0, 500),
    );
  });
  const { ask } = failingClient(t, path);
  assert.equal((await ask()).code, "connection_lost");
});

test("lost while requests still wait for the socket: those were not executed", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  const peers: RawPeer[] = [];
  await rawServer(t, path, (peer) => {
    peers.push(peer);
    peer.socket.write(greeting());
    peer.socket.pause();
  });
  const { ask, transport } = failingClient(t, path);
  // More than the system keeps for a peer that does not read: what comes behind it does not leave this process.
  const first = ask("x".repeat(8 * 1024 * 1024));
  while (transport.inFlight === 0 || peers.length === 0) await turn();
  await settled();
  const second = ask(2);
  await settled();
  peers[0]?.socket.destroy();
  assert.equal((await first).retry, "unknown");
  const late = await second;
  assert.equal(late.code, "connection_lost");
  assert.equal(late.retry, "not-executed");
});

test("a callee that stands still is found by a ping, one that answers it is not", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  let pings = 0;
  await rawServer(t, path, (peer) => {
    peer.socket.write(greeting());
    peer.socket.on("data", () => {
      const heard = peer.received.filter(({ type }) => type === frameType.ping).length;
      // It answers three times, and then never again.
      while (pings < heard) if (++pings <= 3) peer.socket.write(frame(frameType.pong, 0));
    });
  });
  const { ask, counters, transport } = failingClient(t, path, { silenceMs: 20, pongMs: 20 });
  const error = await ask();
  assert.equal(error.code, "connection_lost");
  assert.match(error.message, /silent/);
  assert.equal(error.retry, "unknown");
  assert.equal(pings, 4);
  assert.deepEqual(counters.closed, { silent: 1 });
  assert.equal((await ask()).code, "unavailable");
  assert.equal(transport.usable, false);
});

test("an idle connection sets no timer and sends nothing", async (t) => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const directory = await temporaryDirectory(t);
  const heard: RawPeer[] = [];
  await rawServer(t, join(directory, "s"), async (peer) => {
    heard.push(peer);
    peer.socket.write(greeting());
    await peer.hearsType(frameType.request);
    peer.socket.write(frame(frameType.response, 0, "1"));
  });
  const transport = connectFramed(`unix:${join(directory, "s")}`, {
    clock,
    wheel,
    log: silentLogger,
    hello: { instance: "caller-1" },
  });
  t.after(() => transport.close());
  const context = new CallContext({
    clock,
    wheel,
    deadline: 60_000,
    trace: newTrace(),
    caller: "tester",
  });
  assert.equal(await transport.call({ service: "echo", operation: "say", input: 1, context }), 1);
  context.release();
  await clock.advance(10_000);
  assert.equal(clock.waiting, 0);
  assert.equal(heard[0]?.received.filter(({ type }) => type === frameType.ping).length, 0);
});

test("a peer that goes on answering is never judged by a pause of this process", async (t) => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const path = join(await temporaryDirectory(t), "s");
  const heard: RawPeer[] = [];
  await rawServer(t, path, (peer) => {
    heard.push(peer);
    peer.socket.write(greeting());
  });
  const transport = connectFramed(`unix:${path}`, {
    clock,
    wheel,
    log: silentLogger,
    hello: { instance: "caller-1" },
  });
  t.after(() => transport.close());
  const context = new CallContext({
    clock,
    wheel,
    deadline: Number.POSITIVE_INFINITY,
    trace: newTrace(),
    caller: "tester",
  });
  const call = transport.call({ service: "echo", operation: "say", input: 1, context });
  while (heard.length === 0) await turn();
  await heard[0]?.hearsType(frameType.request);
  await clock.advance(2_000);
  await heard[0]?.hearsType(frameType.ping);
  heard[0]?.socket.write(frame(frameType.pong, 0));
  heard[0]?.socket.write(frame(frameType.response, 0, '"there"'));
  assert.equal(await call, "there");
});

test("handlers hear that their caller's connection ended", async (t) => {
  const running = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<KerfError>();
  const { server, transport, context } = await startPeers(t, {
    call: ({ context: served }) => {
      running.resolve();
      served.onCancel(ended.resolve);
      return new Promise(() => {});
    },
    async *stream() {},
  });
  const call = transport.call({ service: "echo", operation: "say", input: 1, context: context() });
  await running.promise;
  transport.close();
  await assert.rejects(call, { code: "connection_lost" });
  assert.equal((await ended.promise).code, "cancelled");
  assert.deepEqual(server.counters.closed, { closed_by_peer: 1 });
});

test("a socket file that was taken away ends no connection", async (t) => {
  const { server, transport, context } = await startPeers(t, {
    call: async ({ input }) => input,
    async *stream() {},
  });
  const ask = (input: number): Promise<unknown> =>
    transport.call({ service: "echo", operation: "say", input, context: context() });
  assert.equal(await ask(1), 1);
  await unlink(server.address.slice("unix:".length));
  assert.equal(await ask(2), 2);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything happen that needs no further news from outside. */
async function settled(): Promise<void> {
  for (let n = 0; n < 50; n++) await turn();
}
