import { KerfError } from "@kerf/kernel";

/** Types of fields on protobuf's wire. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Bytes that are no protobuf message of the kind that was expected. */
export function malformed(why: string): KerfError {
  return new KerfError("invalid_input", {
    message: "The body is no OTLP message.",
    why,
    fix: "Send protobuf or JSON as the OTLP specification describes it, and say which in content-type.",
  });
}

/**
 * Reads one protobuf message from front to back, without an object for each field: millions of spans come this way. Whoever knows a field
 * takes it with the method of its type, `skip` passes over all others. Throws `invalid_input` for what ends too early.
 */
export class WireReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #type = 0;

  constructor(bytes: Buffer, from = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  /** Number of the next field; 0 when there is none left. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.#number();
    this.#type = tag & 7;
    const field = tag >>> 3;
    if (field === 0) throw malformed("a field has the number 0");
    return field;
  }

  /** A whole number up to 2^53; larger ones lose their last digits. */
  varint(): number {
    this.#expect(wire.varint);
    return this.#number();
  }

  /** A whole number that may be negative (`int64`): one that a number cannot hold exactly is answered as its digits. */
  int64(): number | string {
    this.#expect(wire.varint);
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) {
        const signed = BigInt.asIntN(64, value);
        const number = Number(signed);
        return Number.isSafeInteger(number) ? number : String(signed);
      }
    }
    throw malformed("a number has more than ten bytes");
  }

  /** Nanoseconds since 1970 (`fixed64`) as whole microseconds, which a number holds exactly until the year 2255. */
  micros(): number {
    this.#expect(wire.fixed64);
    const at = this.#take(8);
    const low = this.#bytes.readUInt32LE(at);
    const high = this.#bytes.readUInt32LE(at + 4);
    const thousands = Math.floor(high / 1_000);
    const rest = high - thousands * 1_000;
    return thousands * 2 ** 32 + Math.floor((rest * 2 ** 32 + low) / 1_000);
  }

  /** A number with fractions. */
  double(): number {
    this.#expect(wire.fixed64);
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  /** A count (`fixed64`), exact up to 2^53. */
  fixed64(): number {
    this.#expect(wire.fixed64);
    const at = this.#take(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readUInt32LE(at + 4) * 2 ** 32;
  }

  /** A whole number that may be negative (`sint32`). */
  zigzag(): number {
    const number = this.varint();
    return number % 2 === 0 ? number / 2 : -(number + 1) / 2;
  }

  /** A whole number that may be negative (`sfixed64`), exact up to 2^53. */
  sfixed64(): number {
    this.#expect(wire.fixed64);
    const at = this.#take(8);
    return this.#bytes.readUInt32LE(at) + this.#bytes.readInt32LE(at + 4) * 2 ** 32;
  }

  /** Numbers of a repeated field, be they packed or not, added to `into`; no more of them than `most`. */
  repeated(into: number[], most: number, read: (reader: WireReader) => number, type: number): void {
    if (this.#type !== wire.bytes) into.push(read(this));
    else {
      const packed = this.message();
      packed.#type = type;
      while (packed.#at < packed.#end) {
        if (into.length >= most) throw malformed(`a list has more than ${most} numbers`);
        into.push(read(packed));
      }
    }
    if (into.length > most) throw malformed(`a list has more than ${most} numbers`);
  }

  /** A piece of the message itself, not a copy. */
  bytes(): Buffer {
    this.#expect(wire.bytes);
    const length = this.#number();
    const from = this.#take(length);
    return this.#bytes.subarray(from, from + length);
  }

  text(): string {
    this.#expect(wire.bytes);
    const length = this.#number();
    const from = this.#take(length);
    return this.#bytes.toString("utf8", from, from + length);
  }

  /** A message within this one. */
  message(): WireReader {
    this.#expect(wire.bytes);
    const length = this.#number();
    const from = this.#take(length);
    return new WireReader(this.#bytes, from, from + length);
  }

  /** Passes over a field that nobody here knows. */
  skip(): void {
    if (this.#type === wire.varint) this.#number();
    else if (this.#type === wire.fixed64) this.#take(8);
    else if (this.#type === wire.bytes) this.#take(this.#number());
    else if (this.#type === wire.fixed32) this.#take(4);
    else throw malformed(`a field has the type ${this.#type}`);
  }

  #expect(type: number): void {
    if (this.#type !== type) throw malformed(`a field has the type ${this.#type}, not ${type}`);
  }

  #number(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw malformed("a number has more than ten bytes");
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #take(count: number): number {
    const from = this.#at;
    if (from + count > this.#end) throw malformed("it ends in the middle of a field");
    this.#at = from + count;
    return from;
  }
}
