import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { startFront } from "../testing/front.ts";
import {
  type Field,
  fieldBlock,
  flags,
  frame,
  frameTypes,
  headers,
  RawHttp2,
} from "./testing/http2-frames.ts";

const get: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/notes"],
  [":authority", "x"],
];

async function front(t: TestContext): Promise<{
  open: () => RawHttp2;
  calls: () => number;
  /** Whether somebody else is answered. */
  serves: () => Promise<boolean>;
}> {
  let calls = 0;
  const { url } = await startFront(
    t,
    { http2: true },
    {
      open: {
        run: ({ context }) => {
          calls++;
          return { limit: 1, caller: context.caller };
        },
      },
    },
  );
  return {
    open() {
      const client = new RawHttp2(Number(new URL(url).port));
      t.after(() => client.socket.destroy());
      return client;
    },
    calls: () => calls,
    serves: async () => (await fetch(`${url}/notes`)).status === 200,
  };
}

test("requests that are taken back at once end the connection (CVE-2023-44487)", async (t) => {
  const { open, calls, serves } = await front(t);
  const client = open();
  const cancel = "\0\0\0\x08";
  for (let stream = 1; stream < 4_000; stream += 2)
    client.send(headers(stream, get), frame(frameTypes.reset, 0, stream, cancel));
  await client.closed;
  assert.ok(calls() < 400, `${calls()} of 2000 requests reached the service`);
  assert.ok(await serves());
});

test("streams that the server must reset end the connection too (CVE-2025-8671)", async (t) => {
  const { open, calls, serves } = await front(t);
  const client = open();
  for (let stream = 1; stream < 4_000; stream += 2)
    client.send(headers(stream, get, false), frame(frameTypes.window, 0, stream, "\0\0\0\0"));
  await client.closed;
  assert.ok(calls() < 400, `${calls()} of 2000 requests reached the service`);
  assert.ok(await serves());
});

test("a head that does not end is given up (CVE-2024-27983)", async (t) => {
  const { open, calls, serves } = await front(t);
  const client = open();
  const piece = fieldBlock([["x-a", "b".repeat(1_000)]]);
  client.send(frame(frameTypes.headers, flags.endStream, 1, fieldBlock(get)));
  for (let i = 0; i < 100; i++) client.send(frame(frameTypes.continuation, 0, 1, piece));
  await client.closed;
  assert.equal(calls(), 0);
  assert.ok(await serves());
});

test("a head has a bound, whether or not the client agreed to it", async (t) => {
  const { open, calls } = await front(t);
  const many = Array.from({ length: 101 }, (_, i): Field => [`x-${i}`, "1"]);
  const more = Array.from({ length: 200 }, (_, i): Field => [`x-${i}`, "1"]);
  const large = Array.from({ length: 5 }, (_, i): Field => [`x-${i}`, "b".repeat(4_000)]);
  for (const [agrees, fields, outcome] of [
    [true, many, 431],
    [false, many, 431],
    [true, more, "reset"],
    [true, large, "reset"],
    [false, large, 431],
  ] as const) {
    const client = open();
    if (agrees) {
      await client.first(({ type }) => type === frameTypes.settings);
      client.send(frame(frameTypes.settings, flags.ack, 0));
    }
    client.send(
      frame(frameTypes.headers, flags.endStream, 1, fieldBlock([...get, ...fields.slice(0, 3)])),
      frame(frameTypes.continuation, flags.endHeaders, 1, fieldBlock(fields.slice(3))),
    );
    assert.equal(await client.outcome(1), outcome, `${agrees} ${fields.length}`);
    client.socket.destroy();
  }
  assert.equal(calls(), 0);
});

test("pings and settings whose answers nobody reads end the connection", async (t) => {
  const { open, serves } = await front(t);
  for (const flood of [
    frame(frameTypes.ping, 0, 0, "12345678"),
    frame(frameTypes.settings, 0, 0),
  ]) {
    const client = open();
    await client.first(({ type }) => type === frameTypes.settings);
    client.socket.pause();
    const many = Buffer.concat(Array.from({ length: 10_000 }, () => flood));
    // More than both systems hold between them; what is written after the end is dropped.
    for (let i = 0; i < 200; i++)
      await new Promise<void>((resolve) => client.socket.write(many, () => resolve()));
    client.socket.resume();
    await client.closed;
  }
  assert.ok(await serves());
});

test("more requests at a time than agreed are refused, not run", async (t) => {
  const { promise: go, resolve: finish } = Promise.withResolvers<void>();
  let running = 0;
  const { url } = await startFront(
    t,
    { http2: true },
    {
      open: {
        async run({ context }) {
          running++;
          await go;
          return { limit: 1, caller: context.caller };
        },
      },
    },
  );
  const client = new RawHttp2(Number(new URL(url).port));
  t.after(() => client.socket.destroy());
  // It has not agreed yet; one that had, and does so, is hung up on.
  for (let stream = 1; stream < 2 * 101; stream += 2) client.send(headers(stream, get));
  const last = 2 * 101 - 1;
  assert.equal(await client.outcome(last), "reset");
  finish();
  assert.equal(await client.outcome(1), 200);
  assert.ok(running <= 100);
});
