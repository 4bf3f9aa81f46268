import type { Trace } from "@kerf/kernel";

/** Small enough that a thousand times it fits into 32 bits. */
const part = 2 ** 22;

/**
 * Writes bytes into one buffer that grows and is used again. All but `reserve` write into room that is reserved.
 */
export class ByteWriter {
  #bytes: Buffer;
  #end = 0;

  constructor(room: number) {
    this.#bytes = Buffer.allocUnsafeSlow(room);
  }

  /** What was written since the last `clear`; good until the next one. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  clear(): void {
    this.#end = 0;
  }

  /** Makes sure that so many bytes fit. */
  reserve(room: number): void {
    if (this.#end + room <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#end + room));
    larger.set(this.written);
    this.#bytes = larger;
  }

  byte(byte: number): void {
    this.#bytes[this.#end++] = byte;
  }

  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** A whole number from 0 to 2^31 - 1 as a varint. */
  varint(value: number): void {
    let rest = value | 0;
    while (rest > 127) {
      this.#bytes[this.#end++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#end++] = rest;
  }

  /** 16 bytes. */
  traceId(trace: Trace): void {
    trace.writeTraceId(this.#bytes, this.#end);
    this.#end += 16;
  }

  /** 8 bytes. */
  spanId(trace: Trace): void {
    trace.writeSpanId(this.#bytes, this.#end);
    this.#end += 8;
  }

  /** 8 bytes. */
  parentId(trace: Trace): void {
    trace.writeParentId(this.#bytes, this.#end);
    this.#end += 8;
  }

  /** Whole microseconds as nanoseconds, eight bytes, the least first; their product is beyond what a number holds exactly. */
  nanos(micros: number): void {
    const parts = Math.floor(micros / part);
    const above = parts * 1_000;
    const high = Math.floor(above / 1_024);
    const below = (above - high * 1_024) * part + (micros - parts * part) * 1_000;
    this.#word(below);
    this.#word(high + Math.floor(below / 2 ** 32));
  }

  /** A whole number from 0 to 2^53 as eight bytes, the least first. */
  fixed64(value: number): void {
    this.#word(value % 2 ** 32);
    this.#word(Math.floor(value / 2 ** 32));
  }

  /** A number with fractions, eight bytes, the least first. */
  double(value: number): void {
    this.#end = this.#bytes.writeDoubleLE(value, this.#end);
  }

  /** The low 32 bits of a whole number. */
  #word(value: number): void {
    const bytes = this.#bytes;
    const word = value | 0;
    bytes[this.#end++] = word;
    bytes[this.#end++] = word >>> 8;
    bytes[this.#end++] = word >>> 16;
    bytes[this.#end++] = word >>> 24;
  }
}
