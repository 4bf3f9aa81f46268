import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { connectFramed } from "./client.ts";
import { frameType } from "./frame.ts";
import { startEcho, startPeers } from "./testing/peers.ts";
import { definitions, frame, greeting, rawClient, request } from "./testing/raw-peer.ts";

const say = { service: "echo", operation: "say" } as const;

test("ten thousand calls pass over one connection and leave nothing behind", async (t) => {
  const { transport, server, context } = await startEcho(t);
  let answered = 0;
  const caller = async (from: number): Promise<void> => {
    for (let n = from; n < 10_000; n += 100) {
      const served = context();
      assert.equal(await transport.call({ ...say, input: n, context: served }), n);
      served.release();
      answered++;
    }
  };
  await Promise.all(Array.from({ length: 100 }, (_, from) => caller(from)));
  assert.equal(answered, 10_000);
  assert.equal(server.counters.calls, 10_000);
  assert.equal(server.counters.opened, 1);
  assert.equal(transport.inFlight, 0);
});

test("calls beyond the callee's limit are refused before they are sent", async (t) => {
  let ran = 0;
  const three = Promise.withResolvers<void>();
  const { transport, context } = await startPeers(
    t,
    {
      call: ({ context: served }) => {
        if (++ran === 3) three.resolve();
        return new Promise((_, reject) => served.onCancel(reject));
      },
      async *stream() {},
    },
    { server: { limits: { maxCalls: 3 } } },
  );
  const held = context();
  const codes: string[] = [];
  const calls = Array.from({ length: 5 }, () =>
    transport.call({ ...say, input: 1, context: held }).catch((thrown: KerfError) => {
      codes.push(`${thrown.code} ${thrown.retry}`);
    }),
  );
  await three.promise;
  await Promise.all(calls.slice(3));
  assert.deepEqual(codes, ["overloaded not-executed", "overloaded not-executed"]);
  held.cancel(new KerfError("cancelled", "Enough."));
  await Promise.all(calls);
  assert.equal(ran, 3);
});

test("calls that wait for the connection are bounded as well", async (t) => {
  const { transport, context } = await startEcho(t, { client: { limits: { maxCalls: 2 } } });
  const calls = Array.from({ length: 4 }, (_, input) =>
    transport.call({ ...say, input, context: context() }),
  );
  const settled = await Promise.allSettled(calls);
  assert.deepEqual(
    settled.map((one) => (one.status === "fulfilled" ? one.value : (one.reason as KerfError).code)),
    [0, 1, "overloaded", "overloaded"],
  );
});

test("handlers that go on after their caller left still count", async (t) => {
  const stop = Promise.withResolvers<void>();
  let started = Promise.withResolvers<void>();
  const { server, context, transport } = await startPeers(
    t,
    {
      call: () => {
        started.resolve();
        return stop.promise;
      },
      async *stream() {},
    },
    { server: { limits: { maxCalls: 2 } } },
  );
  for (let n = 0; n < 2; n++) {
    started = Promise.withResolvers<void>();
    const left = context();
    const call = transport.call({ ...say, input: n, context: left });
    await started.promise;
    left.cancel(new KerfError("cancelled", "Left."));
    await assert.rejects(call, { code: "cancelled" });
  }
  await assert.rejects(transport.call({ ...say, input: 3, context: context() }), {
    code: "overloaded",
    retry: "not-executed",
  });
  assert.equal(server.counters.refused, 1);
  stop.resolve();
});

test("an input that the callee would refuse as too large is not sent, an answer neither", async (t) => {
  const { transport, context } = await startPeers(
    t,
    {
      call: async ({ input }) => (input === "long" ? "x".repeat(20_000) : input),
      async *stream() {
        yield 1;
        yield "x".repeat(20_000);
      },
    },
    { server: { limits: { maxFrameBytes: 5_000 } }, client: { limits: { maxFrameBytes: 10_000 } } },
  );
  const ask = (input: unknown): Promise<unknown> =>
    transport.call({ ...say, input, context: context() });
  assert.equal(await ask("fits"), "fits");
  await assert.rejects(ask("x".repeat(6_000)), { code: "payload_too_large", retry: "never" });
  // Four thousand characters, eight thousand bytes.
  await assert.rejects(ask("é".repeat(4_000)), { code: "payload_too_large" });
  await assert.rejects(ask("long"), { code: "payload_too_large" });
  const items = transport.stream({ ...say, input: 1, context: context() });
  assert.equal((await items.next()).value, 1);
  await assert.rejects(items.next(), { code: "payload_too_large" });
  assert.equal(await ask("x".repeat(4_000)), "x".repeat(4_000));
});

test("what is no JSON is refused where it is, and the connection goes on", async (t) => {
  const { transport, context } = await startPeers(t, {
    call: async ({ input }) => (input === "bad" ? 1n : input),
    async *stream() {
      yield 1n;
    },
  });
  const ask = (input: unknown): Promise<unknown> =>
    transport.call({ ...say, input, context: context() });
  await assert.rejects(ask(1n), { code: "invalid_input" });
  await assert.rejects(ask("bad"), { code: "invalid_output" });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  await assert.rejects(transport.stream({ ...say, input: circle, context: context() }).next(), {
    code: "invalid_input",
  });
  await assert.rejects(transport.stream({ ...say, input: 1, context: context() }).next(), {
    code: "invalid_output",
  });
  assert.equal(await ask("fine"), "fine");
});

test("a key or name over its bound is refused before it is sent", async (t) => {
  const { transport, context } = await startEcho(t);
  for (const fields of [
    { idempotencyKey: "k".repeat(9_000) },
    { caller: "é".repeat(5_000) },
    { principalToken: "p".repeat(9_000) },
  ]) {
    await assert.rejects(transport.call({ ...say, input: 1, context: context(fields) }), {
      code: "invalid_input",
    });
  }
  assert.equal(await transport.call({ ...say, input: 1, context: context() }), 1);
});

test("connections beyond the limit are dropped, and their calls were not executed", async (t) => {
  const { server, transport, context } = await startEcho(t, {
    server: { limits: { maxConnections: 1 } },
  });
  assert.equal(await transport.call({ ...say, input: 1, context: context() }), 1);
  const second = connectFramed(server.address, {
    clock: systemClock,
    wheel: new TimerWheel(systemClock),
    log: silentLogger,
    hello: { instance: "caller-2" },
  });
  await assert.rejects(second.call({ ...say, input: 1, context: context() }), {
    retry: "not-executed",
  });
  assert.equal(server.counters.dropped, 1);
});

test("a caller that does not read is not read either, and what its handlers make stays bounded", async (t) => {
  let ran = 0;
  let produced = 0;
  const { server } = await startPeers(
    t,
    {
      call: async () => {
        ran++;
        return "x".repeat(10_000);
      },
      async *stream() {
        for (;;) {
          produced++;
          yield "x".repeat(10_000);
        }
      },
    },
    { server: { limits: { pauseOutputBytes: 100_000 } } },
  );
  const peer = await rawClient(t, server.address.slice("unix:".length));
  peer.socket.pause();
  const open = request(1000, { window: [0xffff_ffff, 0xffff_ffff] });
  peer.socket.write(Buffer.concat([greeting(), definitions, open]));
  const body = JSON.stringify("x".repeat(4_000));
  for (let slot = 0; slot < 900; slot++) peer.socket.write(request(slot, { body }));
  // It has stopped once nothing changes although there is more to read.
  let before = -1;
  while (before !== ran + produced) {
    before = ran + produced;
    for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(
    ran + produced < 2_500,
    `${ran} calls and ${produced} items for a caller that reads nothing`,
  );
  peer.socket.resume();
  await peer.hears(({ type, stream }) => type === frameType.response && stream === 899);
});

test("a caller that leaves too much unread is given up", async (t) => {
  const { server } = await startPeers(
    t,
    { call: async () => "x".repeat(100_000), async *stream() {} },
    { server: { limits: { pauseOutputBytes: 100_000, maxOutputBytes: 1_000_000 } } },
  );
  const peer = await rawClient(t, server.address.slice("unix:".length));
  peer.socket.pause();
  peer.socket.write(
    Buffer.concat([
      greeting(),
      definitions,
      ...Array.from({ length: 100 }, (_, slot) => request(slot)),
    ]),
  );
  while (server.counters.closed.slow_reader === undefined)
    await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(server.counters.closed, { slow_reader: 1 });
});

test("a producer sends what it was asked for and goes on when it is asked again", async (t) => {
  let produced = 0;
  const ended = Promise.withResolvers<void>();
  const { server } = await startPeers(t, {
    call: async () => 1,
    async *stream() {
      try {
        for (;;) yield ++produced;
      } finally {
        ended.resolve();
      }
    },
  });
  const peer = await rawClient(t, server.address.slice("unix:".length));
  peer.socket.write(Buffer.concat([greeting(), definitions, request(0, { window: [3, 1000] })]));
  const item = (n: number) =>
    peer.hears(({ type, payload }) => type === frameType.item && payload === String(n));
  await item(3);
  peer.socket.write(request(1));
  await peer.hearsType(frameType.response);
  assert.equal(produced, 3);
  const credit = Buffer.alloc(8);
  credit.writeUInt32BE(2, 0);
  credit.writeUInt32BE(2, 4);
  peer.socket.write(frame(frameType.credit, 0, credit));
  await item(5);
  peer.socket.write(frame(frameType.cancel, 0, Buffer.from([1])));
  await ended.promise;
  assert.equal(produced, 5);
});
