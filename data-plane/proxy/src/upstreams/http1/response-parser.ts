import { ChunkedDecoder } from "./chunked-decoder.ts";
import type { Fields } from "./fields.ts";
import { GrowingBytes } from "./growing-bytes.ts";
import { MalformedResponse } from "./malformed-response.ts";
import { parseResponseHead, type ResponseHead } from "./response-head.ts";

/** Most bytes of the heads of one response, those before the final one together with it. */
const mostHeadBytes = 65_536;
const endOfHead = Buffer.from("\r\n\r\n");
const beginning = "HTTP/1.";
const none: Fields = [];

/** What comes out of a parser. */
export interface ResponseSink {
  /** A head with status 1xx. */
  onInterim(head: ResponseHead): void;
  onHead(head: ResponseHead): void;
  /** A piece of the body, in memory that is used again after this call. `isLast`: it is known to be the last one. */
  onBody(bytes: Buffer, isLast: boolean): void;
  onEnd(trailers: Fields): void;
}

/** Reads one response after another off a connection; each belongs to a request whose method is known. */
export class ResponseParser {
  readonly #sink: ResponseSink;
  #method = "";
  #isReading = false;
  #head: ResponseHead | undefined;
  #headBytes = 0;
  #partial: GrowingBytes | undefined;
  /** Of a body with a length. */
  #left = 0;
  #chunks: ChunkedDecoder | undefined;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** The next bytes answer a request with this method. */
  begin(method: string): void {
    this.#method = method;
    this.#isReading = true;
    this.#head = undefined;
    this.#headBytes = 0;
    this.#chunks = undefined;
  }

  /** Whether a response is due, or on its way. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** The head of the final response, once it is there. */
  get head(): ResponseHead | undefined {
    return this.#head;
  }

  /**
   * @returns whether all bytes belong to the response
   * @throws MalformedResponse
   */
  push(bytes: Buffer): boolean {
    let at = 0;
    while (this.#isReading && at < bytes.length) {
      if (this.#head === undefined) at = this.#readHead(bytes, at);
      else if (this.#chunks !== undefined) at = this.#readChunks(bytes, at, this.#chunks);
      else at = this.#readBody(bytes, at);
    }
    return at === bytes.length;
  }

  /** The sender has closed its side. Returns whether the response is complete: all of it came, or this is its end. */
  close(): boolean {
    if (this.#isReading && this.#head?.framing === "close") this.#finish(none);
    return !this.#isReading;
  }

  #readHead(bytes: Buffer, start: number): number {
    const { text, end } =
      this.#partial === undefined
        ? this.#wholeHead(bytes, start)
        : this.#restOfHead(this.#partial, bytes, start);
    if (text === undefined) return bytes.length;
    this.#headBytes += text.length;
    if (this.#headBytes > mostHeadBytes) throw new MalformedResponse("a head that is too long");
    const head = parseResponseHead(text, this.#method);
    if (head.status === 101) throw new MalformedResponse("an upgrade that nobody asked for");
    if (head.status < 200) {
      this.#sink.onInterim(head);
      return end;
    }
    this.#head = head;
    const { framing } = head;
    this.#sink.onHead(head);
    if (framing === "chunked") this.#chunks = new ChunkedDecoder();
    else if (framing === "close") this.#left = Number.POSITIVE_INFINITY;
    else if (framing === 0) this.#finish(none);
    else this.#left = framing;
    return end;
  }

  #wholeHead(bytes: Buffer, start: number): { text: string | undefined; end: number } {
    const found = bytes.indexOf(endOfHead, start);
    if (found >= 0) {
      const end = found + endOfHead.length;
      return { text: bytes.toString("latin1", start, end), end };
    }
    this.#partial = new GrowingBytes(mostHeadBytes, "a head that is too long");
    return this.#restOfHead(this.#partial, bytes, start);
  }

  #restOfHead(
    partial: GrowingBytes,
    bytes: Buffer,
    start: number,
  ): { text: string | undefined; end: number } {
    const end = partial.addThrough(bytes, start, endOfHead);
    if (end === undefined) {
      // What is no HTTP must not be waited for until the deadline.
      const begun = partial.text().slice(0, beginning.length);
      if (!beginning.startsWith(begun)) throw new MalformedResponse("no status line");
      return { text: undefined, end: bytes.length };
    }
    this.#partial = undefined;
    return { text: partial.text(), end };
  }

  #readBody(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const isLast = this.#left === 0;
    this.#sink.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end), isLast);
    if (isLast) this.#finish(none);
    return end;
  }

  #readChunks(bytes: Buffer, at: number, chunks: ChunkedDecoder): number {
    const end = chunks.decode(bytes, at, this.#onChunk);
    if (chunks.done) this.#finish(chunks.trailers);
    return end;
  }

  readonly #onChunk = (data: Buffer): void => this.#sink.onBody(data, false);

  #finish(trailers: Fields): void {
    this.#isReading = false;
    this.#sink.onEnd(trailers);
  }
}
