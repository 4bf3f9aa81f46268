import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { frameType } from "./frame.ts";
import { startPeers } from "./testing/peers.ts";
import { definitions, greeting, rawClient, request } from "./testing/raw-peer.ts";

const say = { service: "echo", operation: "say" } as const;

test("under load every call is either answered or was not executed", async (t) => {
  const executed = new Set<number>();
  const { server, transport, context } = await startPeers(t, {
    async call({ input }) {
      executed.add(input as number);
      await new Promise((resolve) => setImmediate(resolve));
      return input;
    },
    async *stream() {},
  });
  const answered = new Set<number>();
  const refused = new Set<number>();
  let next = 0;
  const underLoad = Promise.withResolvers<void>();
  const caller = async (): Promise<void> => {
    while (refused.size < 200) {
      const input = next++;
      const served = context();
      try {
        await transport.call({ ...say, input, context: served });
        answered.add(input);
        if (answered.size === 2_000) underLoad.resolve();
      } catch (thrown) {
        assert.ok(thrown instanceof KerfError);
        assert.equal(thrown.retry, "not-executed", thrown.message);
        refused.add(input);
      } finally {
        served.release();
      }
    }
  };
  const callers = Promise.all(Array.from({ length: 64 }, caller));
  await underLoad.promise;
  await server.drain();
  await callers;
  assert.deepEqual(executed, answered);
  assert.ok(refused.size >= 200);
});

test("a call that was on its way when the drain began is answered not here", async (t) => {
  const release = Promise.withResolvers<string>();
  const { server } = await startPeers(t, { call: () => release.promise, async *stream() {} });
  const peer = await rawClient(t, server.address.slice("unix:".length));
  peer.socket.write(Buffer.concat([greeting(), definitions, request(0)]));
  await peer.hearsType(frameType.hello);
  while (server.counters.calls === 0) await new Promise((resolve) => setImmediate(resolve));
  const drained = server.drain();
  await peer.hearsType(frameType.goaway);
  // As a caller would whose request crossed the GOAWAY.
  peer.socket.write(Buffer.concat([request(1), request(2, { window: [1, 1] })]));
  for (const stream of [1, 2]) {
    const refused = await peer.hears(
      (frame) => frame.type === frameType.error && frame.stream === stream,
    );
    const error = JSON.parse(refused.payload) as { code: string; retry: string };
    assert.equal(error.code, "not_here");
    assert.equal(error.retry, "not-executed");
  }
  release.resolve("finished");
  const answer = await peer.hears((frame) => frame.type === frameType.response);
  assert.deepEqual(answer, { type: frameType.response, stream: 0, payload: '"finished"' });
  peer.socket.end();
  await drained;
  assert.equal(server.counters.refused, 2);
  assert.equal(server.counters.calls, 1);
});

test("a caller that stays although all is answered is not waited for", async (t) => {
  const { server } = await startPeers(t, { call: async () => 1, async *stream() {} });
  const peer = await rawClient(t, server.address.slice("unix:".length));
  peer.socket.write(Buffer.concat([greeting(), definitions, request(0)]));
  await peer.hearsType(frameType.response);
  await server.drain();
  await peer.hearsType(frameType.close);
});

test("an idle caller leaves a draining callee by itself, and the address is free", async (t) => {
  const { server, transport, context } = await startPeers(t, {
    call: async () => 1,
    async *stream() {},
  });
  const reasons: KerfError[] = [];
  transport.onUnusable((reason) => reasons.push(reason));
  await transport.call({ ...say, input: 1, context: context() });
  await server.drain();
  await server.drain();
  assert.deepEqual(
    reasons.map(({ code, retry }) => [code, retry]),
    [["not_here", "not-executed"]],
  );
  assert.deepEqual(server.counters.closed, { closed_by_peer: 1 });
  await server.close();
  await assert.rejects(stat(server.address.slice("unix:".length)));
});

test("a stream in flight goes on while its callee drains", async (t) => {
  const { server, transport, context } = await startPeers(t, {
    call: async () => 1,
    async *stream() {
      for (let n = 0; n < 200; n++) yield n;
    },
  });
  const items = transport.stream({ ...say, input: 1, context: context() });
  assert.equal((await items.next()).value, 0);
  const drained = server.drain();
  let last: unknown;
  for await (const item of items) last = item;
  assert.equal(last, 199);
  await drained;
});
