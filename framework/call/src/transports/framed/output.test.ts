import assert from "node:assert/strict";
import { Socket } from "node:net";
import { test } from "node:test";
import { newTrace } from "@kerf/kernel";
import fc from "fast-check";
import { Decoder } from "./decoder.ts";
import { prefaceFor } from "./hello.ts";
import { Output, roomFor } from "./output.ts";

/** A socket that keeps what it is given until `take` says that the system has it. */
function heldSocket() {
  const writes: Buffer[] = [];
  let done: (() => void)[] = [];
  const socket = new Socket();
  socket.write = ((bytes: Buffer, callback?: () => void) => {
    writes.push(bytes);
    if (callback !== undefined) done.push(callback);
    return true;
  }) as Socket["write"];
  const take = (): void => {
    const callbacks = done;
    done = [];
    for (const callback of callbacks) callback();
  };
  return { socket, writes, take };
}

function queue(output: Output, text: string): void {
  output.begin(3, 7, roomFor(text));
  output.text(text);
  output.end();
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("frames of one tick leave in one write, a flush leaves at once", async () => {
  const { socket, writes, take } = heldSocket();
  const output = new Output(socket, () => {});
  for (const text of ["one", "two", "three"]) {
    queue(output, text);
    output.schedule();
  }
  assert.equal(writes.length, 0);
  await tick();
  assert.equal(writes.length, 1);
  assert.equal(writes[0]?.length, 3 * 9 + 11);
  take();
  queue(output, "four");
  output.flush();
  assert.equal(writes.length, 2);
});

test("much does not wait for more, and never for itself", async () => {
  const { socket, writes, take } = heldSocket();
  const output = new Output(socket, () => {});
  for (let i = 0; i < 40; i++) {
    queue(output, "x".repeat(91));
    output.schedule();
  }
  // Once 2 KiB were there; what came after is one more write, when the socket is free.
  assert.deepEqual(
    writes.map(({ length }) => length),
    [2_100],
  );
  take();
  assert.deepEqual(
    writes.map(({ length }) => length),
    [2_100, 1_900],
  );
});

test("while the socket is busy frames wait, and are known not to have left", async () => {
  const { socket, writes, take } = heldSocket();
  let flushed = 0;
  const output = new Output(socket, () => flushed++);
  queue(output, "first");
  output.flush();
  const left = output.handedOver;
  for (const text of ["second", "third"]) {
    queue(output, text);
    output.schedule();
    output.flush();
    await tick();
  }
  assert.equal(writes.length, 1);
  assert.equal(output.handedOver, left);
  assert.equal(output.waiting, output.queued);
  take();
  assert.equal(writes.length, 2);
  assert.equal(output.handedOver, output.queued);
  take();
  assert.equal(flushed, 2);
  assert.equal(output.waiting, 0);
});

test("nothing leaves after the stop", async () => {
  const { socket, writes } = heldSocket();
  const output = new Output(socket, () => {});
  queue(output, "never");
  output.schedule();
  output.stop();
  output.flush();
  await tick();
  assert.equal(writes.length, 0);
});

test("whatever the sizes and the socket's pace, the bytes are the frames, in order", () => {
  const step = fc.oneof(
    fc.record({ text: fc.string({ unit: "grapheme", maxLength: 200 }) }),
    fc.record({ text: fc.nat({ max: 200_000 }).map((length) => "é".repeat(length)) }),
    fc.constantFrom("flush" as const, "take" as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { socket, writes, take } = heldSocket();
      const output = new Output(socket, () => {});
      const sent: string[] = [];
      const seen: string[] = [];
      const decoder = new Decoder(
        {
          preface: () => {},
          frame: (_type, _stream, bytes, start, end) =>
            void seen.push(bytes.toString("utf8", start, end)),
        },
        0x7fff_ffff,
      );
      decoder.push(prefaceFor());
      // Read before the socket says that it is done: from then on the memory may be written again.
      const read = (): void => {
        for (const bytes of writes.splice(0)) decoder.push(Buffer.from(bytes));
        take();
      };
      for (const one of steps) {
        if (one === "flush") output.flush();
        else if (one === "take") read();
        else {
          sent.push(one.text);
          queue(output, one.text);
        }
      }
      output.flush();
      for (let n = 0; n < 3; n++) read();
      assert.deepEqual(seen, sent);
      assert.equal(output.waiting, 0);
    }),
    { numRuns: 60 },
  );
});

test("the ids of a trace are written as their bytes", () => {
  const { socket, writes } = heldSocket();
  const output = new Output(socket, () => {});
  const trace = newTrace();
  output.begin(3, 7, 24);
  output.ids(trace);
  output.end();
  output.flush();
  assert.equal((writes[0] as Buffer).toString("hex", 9), trace.traceId + trace.spanId);
});
