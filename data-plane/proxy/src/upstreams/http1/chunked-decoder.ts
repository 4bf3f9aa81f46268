import { type Fields, parseFields } from "./fields.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { MalformedResponse } from "./malformed-response.ts";

/** Most bytes of chunk extensions in one body, and of its trailers; as Node's own server has it. */
const mostExtensionBytes = 16_384;
const mostTrailerBytes = 16_384;
/** Hexadecimal digits of a size: 2^52 bytes, a number that is exact. */
const mostDigits = 13;

const cr = 13;
const lf = 10;
const semicolon = 59;
const endOfTrailers = Buffer.from("\r\n\r\n");

type State =
  | "size"
  | "extension"
  | "size-lf"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailers"
  | "done";

/** Takes the chunks of a body apart (RFC 9112, 7.1), as strictly as Node's own parser: line ends are CR LF, sizes are digits alone. */
export class ChunkedDecoder {
  #state: State = "size";
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerText: GrowingBytes | undefined;
  #trailers: Fields = [];

  /** Whether the body has ended. */
  get done(): boolean {
    return this.#state === "done";
  }

  /** Those after the last chunk. */
  get trailers(): Fields {
    return this.#trailers;
  }

  /**
   * Passes the data in `bytes` from `start` on to `onData`; it is the caller's memory.
   * @returns where the body ends, or the end of `bytes` when it goes on
   * @throws MalformedResponse
   */
  decode(bytes: Buffer, start: number, onData: (data: Buffer) => void): number {
    let at = start;
    while (at < bytes.length && this.#state !== "done") {
      if (this.#state === "data") {
        const end = Math.min(bytes.length, at + this.#size);
        this.#size -= end - at;
        if (this.#size === 0) this.#state = "data-cr";
        onData(bytes.subarray(at, end));
        at = end;
      } else if (this.#state === "trailers") at = this.#readTrailers(bytes, at);
      else this.#step(bytes[at++] as number);
    }
    return at;
  }

  #step(byte: number): void {
    switch (this.#state) {
      case "size":
        return this.#sizeByte(byte);
      case "extension":
        if (byte === cr) this.#state = "size-lf";
        else if (byte < 0x20 && byte !== 0x09)
          throw new MalformedResponse("a chunk extension with a control character");
        else if (++this.#extensionBytes > mostExtensionBytes)
          throw new MalformedResponse("chunk extensions that are too long");
        return;
      case "size-lf":
        expect(byte, lf);
        this.#digits = 0;
        this.#state = this.#size === 0 ? "trailers" : "data";
        return;
      case "data-cr":
        expect(byte, cr);
        this.#state = "data-lf";
        return;
      default:
        expect(byte, lf);
        this.#state = "size";
    }
  }

  #sizeByte(byte: number): void {
    const digit = digitOf(byte);
    if (digit >= 0) {
      if (++this.#digits > mostDigits) throw new MalformedResponse("a chunk that is too large");
      this.#size = this.#size * 16 + digit;
    } else if (this.#digits === 0) throw new MalformedResponse("a chunk without a size");
    else if (byte === cr) this.#state = "size-lf";
    else if (byte === semicolon) this.#state = "extension";
    else throw new MalformedResponse("a chunk size that is no number");
  }

  /** Returns where they end, or the end of `bytes`. */
  #readTrailers(bytes: Buffer, at: number): number {
    if (this.#trailerText === undefined) {
      // Read as if a line stood before them, so that none at all end like some.
      this.#trailerText = new GrowingBytes(mostTrailerBytes, "trailers that are too long");
      this.#trailerText.add(endOfTrailers.subarray(0, 2));
    }
    const end = this.#trailerText.addThrough(bytes, at, endOfTrailers);
    if (end === undefined) return bytes.length;
    const text = this.#trailerText.text();
    this.#trailers = parseFields(text, 2, text.length - 2);
    this.#state = "done";
    return end;
  }
}

function expect(byte: number, due: number): void {
  if (byte !== due) throw new MalformedResponse("a chunk that does not end where it says");
}

function digitOf(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
