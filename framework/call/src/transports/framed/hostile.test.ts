import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { KerfError, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { parseAddress } from "./address.ts";
import { connectFramed } from "./client.ts";
import { FramedCounters } from "./counters.ts";
import { frameType } from "./frame.ts";
import {
  type HostileBytes,
  hostileAnswers,
  hostileFrames,
  hostileGreetings,
  hostileRequests,
} from "./testing/hostile-frames.ts";
import { contextFor, startPeers, temporaryDirectory } from "./testing/peers.ts";
import { greeting, rawClient, rawServer } from "./testing/raw-peer.ts";

/** How the bytes may be cut: whole, or one by one as a slow attacker would. */
const cuts = { "in one piece": Number.POSITIVE_INFINITY, "in small pieces": 3 };

describe("a server closes the connection, counts why, and serves the others", () => {
  const requests = [
    ...hostileGreetings,
    ...hostileFrames.map((hostile) => ({
      ...hostile,
      bytes: Buffer.concat([greeting(), hostile.bytes]),
    })),
    ...hostileRequests,
  ];
  for (const hostile of requests) {
    test(hostile.name, async (t) => {
      let running = 0;
      const { server, transport, context } = await startPeers(t, {
        call: async ({ input, context: served }) => {
          if (input === "well") return "served";
          running++;
          // Handlers of the closed connection hear of it.
          return new Promise((_, reject) => served.onCancel(reject)).finally(() => running--);
        },
        async *stream() {},
      });
      const endpoint = parseAddress(server.address);
      assert.ok(endpoint.kind === "unix");
      for (const [cut, size] of Object.entries(cuts)) {
        const before = server.counters.closed[hostile.reason] ?? 0;
        const peer = await rawClient(t, endpoint.path);
        await writeIn(size, hostile, (bytes) => peer.socket.write(bytes));
        await peer.over;
        assert.equal(server.counters.closed[hostile.reason], before + 1, cut);
      }
      const request = { service: "echo", operation: "say", input: "well", context: context() };
      assert.equal(await transport.call(request), "served");
      assert.equal(running, 0);
    });
  }
});

describe("a client fails its calls, counts why, and says what happened", () => {
  const answers = [
    ...hostileGreetings.map((hostile) => ({ ...hostile, to: "call" as const, greet: false })),
    ...hostileFrames.map((hostile) => ({ ...hostile, to: "call" as const, greet: true })),
    ...hostileAnswers.map((hostile) => ({ ...hostile, greet: true })),
  ];
  for (const hostile of answers) {
    test(hostile.name, async (t) => {
      const path = join(await temporaryDirectory(t), "s");
      await rawServer(t, path, async (peer) => {
        if (hostile.greet) {
          peer.socket.write(greeting());
          await peer.hearsType(hostile.to === "call" ? frameType.request : frameType.open);
        }
        peer.socket.write(hostile.bytes);
      });
      const counters = new FramedCounters();
      const wheel = new TimerWheel(systemClock);
      const transport = connectFramed(`unix:${path}`, {
        clock: systemClock,
        wheel,
        log: silentLogger,
        hello: { instance: "caller-1" },
        counters,
      });
      const context = contextFor(wheel);
      t.after(() => {
        context.release();
        transport.close();
      });
      const request = { service: "echo", operation: "say", input: 1, context };
      const items = transport.stream(request);
      const read = async (): Promise<unknown> => {
        const taken: unknown[] = [];
        // A consumer that pulls once and then no more.
        if (hostile.reason === "window_violated") {
          taken.push(await items.next());
          await new Promise<void>((resolve) => transport.onUnusable(() => resolve()));
        }
        for await (const item of items) taken.push(item);
        return taken;
      };
      const error = await (hostile.to === "call" ? transport.call(request) : read()).then(
        (value) => assert.fail(`It was answered with ${JSON.stringify(value)}.`),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof KerfError);
      assert.deepEqual(counters.closed, { [hostile.reason]: 1 });
      assert.ok(error.message.includes(hostile.reason), error.message);
      assert.equal(error.retry, hostile.greet ? "unknown" : "not-executed");
      assert.equal(transport.usable, false);
      assert.equal(transport.inFlight, 0);
    });
  }
});

test("both sides name both ranges when they have no version in common", async (t) => {
  const { server } = await startPeers(t, { call: async () => 1, async *stream() {} });
  const endpoint = parseAddress(server.address);
  assert.ok(endpoint.kind === "unix");
  const peer = await rawClient(t, endpoint.path);
  const newer = Buffer.from(greeting().subarray(0, 8));
  newer.writeUInt16BE(7, 4);
  newer.writeUInt16BE(9, 6);
  peer.socket.write(newer);
  await peer.over;
  assert.deepEqual(peer.offered, [1, 1]);

  const path = join(await temporaryDirectory(t), "s");
  await rawServer(t, path, (stranger) => stranger.socket.write(newer));
  const wheel = new TimerWheel(systemClock);
  const options = { clock: systemClock, wheel, log: silentLogger, hello: { instance: "caller-1" } };
  const transport = connectFramed(`unix:${path}`, options);
  const context = contextFor(wheel);
  t.after(() => context.release());
  await assert.rejects(
    transport.call({ service: "echo", operation: "say", input: 1, context }),
    /versions 1 to 1.*7 to 9/,
  );
});

async function writeIn(
  size: number,
  { bytes }: HostileBytes,
  write: (bytes: Buffer) => void,
): Promise<void> {
  if (bytes.length <= size || bytes.length > 20_000) return write(bytes);
  for (let at = 0; at < bytes.length; at += size) {
    write(bytes.subarray(at, at + size));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
