import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Decoder, type FrameSink } from "./decoder.ts";
import { prefaceFor } from "./hello.ts";
import { frame } from "./testing/raw-peer.ts";
import { ProtocolViolation } from "./violation.ts";

interface Seen {
  readonly type: number;
  readonly stream: number;
  readonly payload: string;
}

function collector(): FrameSink & { seen: Seen[]; ranges: [number, number][] } {
  const seen: Seen[] = [];
  const ranges: [number, number][] = [];
  return {
    seen,
    ranges,
    preface: (min, max) => void ranges.push([min, max]),
    frame: (type, stream, bytes, start, end) =>
      void seen.push({ type, stream, payload: bytes.toString("hex", start, end) }),
  };
}

const frames = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 255 }),
    stream: fc.integer({ min: 0, max: 0xffff_ffff }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  { maxLength: 20 },
);

function chunksOf(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    chunks.push(Buffer.from(bytes.subarray(at, at + size)));
    at += size;
  }
  if (at < bytes.length) chunks.push(Buffer.from(bytes.subarray(at)));
  return chunks;
}

test("however the bytes are cut, the same frames come out", () => {
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 })), (sent, sizes) => {
      const bytes = Buffer.concat([
        prefaceFor({ min: 1, max: 7 }),
        ...sent.map(({ type, stream, payload }) => frame(type, stream, payload)),
      ]);
      const sink = collector();
      const decoder = new Decoder(sink, 1024);
      for (const chunk of chunksOf(bytes, sizes)) {
        decoder.push(chunk);
        // What was handed over must not be needed any more.
        chunk.fill(0xee);
      }
      assert.deepEqual(sink.ranges, [[1, 7]]);
      assert.deepEqual(
        sink.seen,
        sent.map(({ type, stream, payload }) => ({
          type,
          stream,
          payload: Buffer.from(payload).toString("hex"),
        })),
      );
      assert.equal(decoder.heldBytes, 0);
    }),
  );
});

test("random bytes end in a violation or wait for more, and are never kept beyond the limit", () => {
  const noise = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 10 });
  fc.assert(
    fc.property(noise, fc.boolean(), (chunks, greeted) => {
      const limit = 1000;
      const decoder = new Decoder(collector(), limit);
      if (greeted) decoder.push(prefaceFor());
      let refused = false;
      for (const chunk of chunks) {
        try {
          decoder.push(Buffer.from(chunk));
        } catch (thrown) {
          assert.ok(thrown instanceof ProtocolViolation, String(thrown));
          refused = true;
        }
        assert.ok(decoder.heldBytes <= limit + 4);
        if (refused) assert.equal(decoder.heldBytes, 0);
      }
    }),
  );
});

test("memory grows with what has arrived, not with what was announced", () => {
  const decoder = new Decoder(collector(), 1024 * 1024 * 1024);
  decoder.push(prefaceFor());
  const before = process.memoryUsage().arrayBuffers;
  decoder.push(Buffer.from([0x3f, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0]));
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024);
  assert.equal(decoder.heldBytes, 9);
});

test("what stops it inside a chunk stops it there", () => {
  const sink = collector();
  const decoder: Decoder = new Decoder(
    {
      preface: () => {},
      frame: (...all) => {
        sink.frame(...all);
        decoder.stop();
      },
    },
    1024,
  );
  decoder.push(Buffer.concat([prefaceFor(), frame(1, 1), frame(1, 2)]));
  decoder.push(frame(1, 3));
  assert.equal(sink.seen.length, 1);
});

test("the limit that a frame sets counts from the next frame on", () => {
  const sink = collector();
  const decoder: Decoder = new Decoder(
    {
      preface: () => {},
      frame: (...all) => {
        sink.frame(...all);
        decoder.maxFrameBytes = 1000;
      },
    },
    10,
  );
  decoder.push(Buffer.concat([prefaceFor(), frame(1, 1), frame(1, 2, "x".repeat(500))]));
  assert.equal(sink.seen.length, 2);
  assert.throws(() => decoder.push(frame(1, 3, "x".repeat(1000))), { reason: "frame_too_large" });
});
