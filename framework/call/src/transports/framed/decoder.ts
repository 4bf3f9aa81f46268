import { frameFixedBytes, frameHeaderBytes, magic, prefaceBytes } from "./frame.ts";
import { ProtocolViolation } from "./violation.ts";

/** What a decoder hands over. `bytes` is only valid during the call: it may be overwritten afterwards. */
export interface FrameSink {
  /** The other side's preface: the range of versions that it offers. */
  preface(min: number, max: number): void;
  /** One whole frame; its payload is `bytes` from `start` to `end`. */
  frame(type: number, stream: number, bytes: Buffer, start: number, end: number): void;
}

/**
 * Cuts a byte stream into frames, however it is chunked. Frames that lie whole in a chunk are handed over in place;
 * only one that straddles chunks is copied, into memory that grows with what has arrived, not with what was announced.
 * Throws ProtocolViolation, after which it takes nothing any more.
 */
export class Decoder {
  /** Largest length field that is accepted; may change between frames. */
  maxFrameBytes: number;
  readonly #sink: FrameSink;
  #held: Buffer = Buffer.alloc(0);
  #heldBytes = 0;
  #greeted = false;
  #stopped = false;

  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.maxFrameBytes = maxFrameBytes;
  }

  /** Bytes of an unfinished frame that are kept. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Ignores everything from now on, the rest of the current chunk included. */
  stop(): void {
    this.#stopped = true;
    this.#held = Buffer.alloc(0);
    this.#heldBytes = 0;
  }

  /** Takes the next bytes. */
  push(chunk: Buffer): void {
    try {
      let at = 0;
      if (!this.#stopped && this.#heldBytes > 0) at = this.#finishHeld(chunk);
      if (!this.#stopped) at = this.#take(chunk, at);
      if (!this.#stopped && at < chunk.length) this.#hold(chunk, at, chunk.length);
    } catch (thrown) {
      this.stop();
      throw thrown;
    }
  }

  /** Hands over every whole unit from `at` on; returns where the first unfinished one starts. */
  #take(chunk: Buffer, from: number): number {
    let at = from;
    while (!this.#stopped && at < chunk.length) {
      const size = this.#sizeOf(chunk, at, chunk.length);
      if (size === undefined || at + size > chunk.length) break;
      this.#deliver(chunk, at, at + size);
      at += size;
    }
    return at;
  }

  /** Size of the unit that starts at `at`, as soon as enough of it is there to know. */
  #sizeOf(bytes: Buffer, at: number, end: number): number | undefined {
    if (!this.#greeted) {
      // A stranger is told off at the first byte that is not ours, not after the eighth.
      for (let i = 0; i < 4 && at + i < end; i++) {
        if (bytes[at + i] !== ((magic >>> (24 - 8 * i)) & 0xff)) {
          throw new ProtocolViolation(
            "bad_magic",
            "The first bytes are not those of this protocol.",
          );
        }
      }
      return prefaceBytes;
    }
    if (end - at < 4) return undefined;
    const length = bytes.readUInt32BE(at);
    if (length < frameFixedBytes)
      throw new ProtocolViolation("bad_frame", `A frame says that it is ${length} bytes long.`);
    if (length > this.maxFrameBytes) {
      throw new ProtocolViolation(
        "frame_too_large",
        `A frame of ${length} bytes is over the limit of ${this.maxFrameBytes}.`,
      );
    }
    return 4 + length;
  }

  #deliver(bytes: Buffer, at: number, end: number): void {
    if (!this.#greeted) {
      this.#greeted = true;
      this.#sink.preface(bytes.readUInt16BE(at + 4), bytes.readUInt16BE(at + 6));
      return;
    }
    this.#sink.frame(
      bytes[at + 4] as number,
      bytes.readUInt32BE(at + 5),
      bytes,
      at + frameHeaderBytes,
      end,
    );
  }

  /** Completes the unit that is kept; returns how much of the chunk that took. */
  #finishHeld(chunk: Buffer): number {
    let at = 0;
    let size = this.#sizeOf(this.#held, 0, this.#heldBytes);
    if (size === undefined) {
      at = Math.min(4 - this.#heldBytes, chunk.length);
      this.#hold(chunk, 0, at);
      size = this.#sizeOf(this.#held, 0, this.#heldBytes);
      if (size === undefined) return at;
    }
    const until = Math.min(at + size - this.#heldBytes, chunk.length);
    this.#hold(chunk, at, until);
    if (!this.#greeted) this.#sizeOf(this.#held, 0, this.#heldBytes);
    if (this.#heldBytes < size) return until;
    const whole = this.#held;
    this.#heldBytes = 0;
    // What was needed once for a large frame is not kept for ever.
    if (whole.length > 64 * 1024) this.#held = Buffer.alloc(0);
    this.#deliver(whole, 0, size);
    return until;
  }

  #hold(chunk: Buffer, from: number, to: number): void {
    const bytes = this.#heldBytes + (to - from);
    if (bytes > this.#held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4096, bytes, 2 * this.#held.length));
      this.#held.copy(larger, 0, 0, this.#heldBytes);
      this.#held = larger;
    }
    chunk.copy(this.#held, this.#heldBytes, from, to);
    this.#heldBytes = bytes;
  }
}
