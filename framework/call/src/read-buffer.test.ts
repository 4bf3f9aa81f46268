import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { shareReadBuffer, sharesReadBuffer } from "./read-buffer.ts";

interface Pair {
  readonly taken: Socket;
  readonly sends: Socket;
}

/** Two connections as a server has them, each with who sends on it. */
async function pairs(t: TestContext): Promise<[Pair, Pair]> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const made: Pair[] = [];
  for (let n = 0; n < 2; n++) {
    const sends = connect(port, "127.0.0.1");
    const [taken] = (await once(server, "connection")) as [Socket];
    made.push({ taken, sends });
  }
  t.after(() => {
    for (const { taken, sends } of made) for (const socket of [taken, sends]) socket.destroy();
    server.close();
  });
  return made as [Pair, Pair];
}

async function next(socket: Socket): Promise<Buffer> {
  const [chunk] = (await once(socket, "data")) as [Buffer];
  return chunk;
}

test(
  "this Node lets connections share one buffer",
  { skip: process.platform === "win32" && "not on Windows" },
  async (t) => {
    assert.ok(sharesReadBuffer, "Node has other names for the fields of `onread`");
    const [one, two] = await pairs(t);
    const seen: Buffer[] = [];
    for (const { taken } of [one, two]) {
      taken.on("data", (chunk: Buffer) => seen.push(chunk));
      shareReadBuffer(taken);
    }
    one.sends.write("first");
    await next(one.taken);
    two.sends.write("other");
    await next(two.taken);
    assert.equal(seen[0]?.buffer, seen[1]?.buffer);
    // The first read's bytes are the second's by now: that is why a listener copies what it keeps.
    assert.equal(seen[0]?.toString(), "other");
  },
);

test("what is read while nobody listens waits, and is its own", async (t) => {
  const [one, two] = await pairs(t);
  for (const { taken } of [one, two]) shareReadBuffer(taken);
  one.taken.on("data", () => {}).pause();
  two.taken.on("data", () => {});
  one.sends.write("kept");
  while (one.taken.readableLength === 0) await new Promise((resolve) => setImmediate(resolve));
  two.sends.write("gone");
  await next(two.taken);
  const chunk = next(one.taken);
  one.taken.resume();
  assert.equal((await chunk).toString(), "kept");
});

test("once it is over, every read has bytes of its own", async (t) => {
  const [one, two] = await pairs(t);
  const over = [one, two].map(({ taken }) => shareReadBuffer(taken.on("data", () => {})));
  for (const end of over) end();
  one.sends.write("first");
  const first = await next(one.taken);
  two.sends.write("other");
  const other = await next(two.taken);
  assert.deepEqual([first.toString(), other.toString()], ["first", "other"]);
});

test("a reader that pauses is not read for ever: its sender has to wait", async (t) => {
  const [{ taken, sends }] = await pairs(t);
  shareReadBuffer(taken);
  let read = 0;
  taken.on("data", (chunk) => void (read += chunk.length)).pause();
  const bytes = 32 * 1024 * 1024;
  sends.end(Buffer.alloc(bytes));
  while (taken.readableLength < taken.readableHighWaterMark)
    await new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(
    taken.readableLength <= taken.readableHighWaterMark + 65_536,
    String(taken.readableLength),
  );
  const ended = once(taken, "end");
  taken.resume();
  await ended;
  assert.equal(read, bytes);
});
