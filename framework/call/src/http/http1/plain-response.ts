import { EventEmitter } from "node:events";
import type { OutgoingHttpHeaders } from "node:http";
import { nodeHttp } from "../node-http.ts";
import type { PlainRequest } from "./plain-request.ts";

const { STATUS_CODES } = nodeHttp();

const fieldName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notOfValues = /[^\t\x20-\x7e\x80-\xff]/;

/** Of each name the last line, since most values come again; bounded, names are few. */
const lines = new Map<string, LastLine>();
const maxLines = 256;
/** After so many other values in a row a name's values are not expected to come again, and not compared. */
const maxMisses = 16;

interface LastLine {
  value: string;
  line: string;
  misses: number;
}

type Value = number | string | readonly string[];
type HeadFields = OutgoingHttpHeaders | readonly string[];

/** What an answer needs of its connection. */
export interface PlainOutput {
  /** The `Date` field, as a line. */
  readonly dateLine: string;
  /** What says that the connection stays, and for how long. */
  readonly keepAliveLines: string;
  /** Whether more may be written at once. */
  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean;
  /** Writes the end of an answer; calls {@link PlainResponse.onSent} once it has left. */
  last(data: string | Uint8Array, encoding?: BufferEncoding): void;
  /** What is written before {@link uncork} leaves together. */
  cork(): void;
  uncork(): void;
  readonly needsDrain: boolean;
  destroy(): void;
}

/**
 * The answer to a {@link PlainRequest}: what our code uses of Node's `ServerResponse`, with one write for a whole answer. Emits
 * `drain`, `finish` and `close` as that does.
 */
export class PlainResponse extends EventEmitter {
  readonly req: PlainRequest;
  readonly #output: PlainOutput;
  statusCode = 200;
  statusMessage = "";
  shouldKeepAlive = true;
  headersSent = false;
  writableEnded = false;
  writableFinished = false;
  destroyed = false;
  /** By lower-case name, as {@link setHeader} was told. */
  #set: Map<string, [name: string, value: Value]> | undefined;
  /** The lines of a head that was written and has not left yet. */
  #head: string | undefined;
  /** Whether the head says where the body ends. */
  #isSized = false;
  #isChunked = false;
  #hasDate = false;
  #trailers = "";

  constructor(req: PlainRequest, output: PlainOutput) {
    super();
    this.req = req;
    this.#output = output;
  }

  /** As the others of its events come once, whoever listens for one of them need not be taken off. */
  override once(event: string | symbol, listener: Parameters<EventEmitter["once"]>[1]): this {
    return event === "drain" ? super.once(event, listener) : this.on(event, listener);
  }

  get socket(): PlainRequest["socket"] {
    return this.req.socket;
  }

  get writableNeedDrain(): boolean {
    return !this.writableEnded && this.#output.needsDrain;
  }

  setHeader(name: string, value: Value): this {
    checkName(name);
    (this.#set ??= new Map()).set(name.toLowerCase(), [name, value]);
    return this;
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const before = this.getHeader(name);
    return this.setHeader(
      name,
      before === undefined ? value : [before, value].flat().map((one) => String(one)),
    );
  }

  getHeader(name: string): Value | undefined {
    return this.#set?.get(name.toLowerCase())?.[1];
  }

  hasHeader(name: string): boolean {
    return this.#set?.has(name.toLowerCase()) ?? false;
  }

  removeHeader(name: string): void {
    this.#set?.delete(name.toLowerCase());
  }

  /** Takes names and values in turn, too. What was set before stays unless it is named again. @throws TypeError or RangeError for what is no head */
  writeHead(status: number, reason?: string | HeadFields, fields?: HeadFields): this {
    if (this.headersSent) throw new Error("The head of the answer is written already.");
    if (!Number.isInteger(status) || status < 100 || status > 999)
      throw new RangeError(`${status} is no status of an answer.`);
    this.statusCode = status;
    if (typeof reason === "string") this.statusMessage = reason;
    if (notOfValues.test(this.statusMessage))
      throw new TypeError("The reason is more than a line.");
    // A head that was refused before may have said something else.
    this.#isSized = false;
    this.#hasDate = false;
    const given = (typeof reason === "string" ? fields : reason) ?? {};
    let lines = "";
    if (Array.isArray(given)) {
      const list = given as readonly string[];
      for (let i = 0; i < list.length; i += 2) {
        this.#set?.delete((list[i] as string).toLowerCase());
        lines += this.#line(list[i] as string, list[i + 1] as string);
      }
    } else {
      const object = given as OutgoingHttpHeaders;
      for (const name in object) {
        const value = object[name];
        if (value === undefined) continue;
        this.#set?.delete(name.toLowerCase());
        lines += this.#line(name, value);
      }
    }
    if (this.#set !== undefined)
      for (const [name, value] of this.#set.values()) lines += this.#line(name, value);
    this.#head = lines;
    this.headersSent = true;
    return this;
  }

  flushHeaders(): void {
    if (!this.headersSent) this.writeHead(this.statusCode);
    const head = this.#takeHead(undefined);
    if (head !== "") this.#output.write(head, "latin1");
  }

  write(chunk: string | Uint8Array, encoding: BufferEncoding = "utf8"): boolean {
    return !this.writableEnded && !this.destroyed && this.#write(chunk, encoding);
  }

  #write(chunk: string | Uint8Array, encoding: BufferEncoding): boolean {
    if (!this.headersSent) this.writeHead(this.statusCode);
    const output = this.#output;
    const head = this.#takeHead(undefined);
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
    if (this.#isBodiless || bytes.length === 0) return head === "" || output.write(head, "latin1");
    if (!this.#isChunked && head === "") return output.write(bytes);
    output.cork();
    output.write(this.#isChunked ? `${head}${bytes.length.toString(16)}\r\n` : head, "latin1");
    let more = output.write(bytes);
    if (this.#isChunked) more = output.write("\r\n", "latin1");
    output.uncork();
    return more;
  }

  end(chunk?: string | Uint8Array | null, encoding: BufferEncoding = "utf8"): this {
    if (this.writableEnded || this.destroyed) return this;
    if (!this.headersSent) this.writeHead(this.statusCode);
    // Trailers need chunks, and a head that says so.
    if (this.#trailers !== "" && !this.#isSized && !this.#isBodiless) this.flushHeaders();
    this.writableEnded = true;
    if (this.#head === undefined) {
      if (chunk) this.#write(chunk, encoding);
      this.#output.last(this.#isChunked ? `0\r\n${this.#trailers}\r\n` : "", "latin1");
    } else this.#whole(chunk ?? "", encoding);
    return this;
  }

  /** Pairs of names and values; they go with a body that comes in chunks, as in HTTP/1.1 they can with no other. */
  addTrailers(pairs: readonly (readonly [string, string])[] | OutgoingHttpHeaders): void {
    const list = Array.isArray(pairs) ? pairs : Object.entries(pairs);
    for (const [name, value] of list as [string, string][]) this.#trailers += field(name, value);
  }

  writeContinue(): void {
    this.#interim(100, "");
  }

  writeProcessing(): void {
    this.#interim(102, "");
  }

  writeEarlyHints({ link }: { readonly link: string }): void {
    this.#interim(103, field("link", link));
  }

  destroy(): this {
    // Once it has left, the connection is the next answer's.
    if (!this.destroyed && !this.writableFinished) this.#output.destroy();
    return this;
  }

  /** The answer has left. */
  onSent(): void {
    if (this.destroyed || this.writableFinished) return;
    this.writableFinished = true;
    this.emit("finish");
    this.emit("close");
  }

  /** The connection is gone. */
  onGone(): void {
    if (this.destroyed || this.writableFinished) return;
    this.destroyed = true;
    this.emit("close");
  }

  /** An answer to HEAD, and one with a status that has no body, end with their head. */
  get #isBodiless(): boolean {
    const { statusCode: status } = this;
    return this.req.method === "HEAD" || status < 200 || status === 204 || status === 304;
  }

  /** Head and body in one. */
  #whole(chunk: string | Uint8Array, encoding: BufferEncoding): void {
    const output = this.#output;
    if (this.#isBodiless || chunk.length === 0) {
      output.last(this.#takeHead(0), "latin1");
      return;
    }
    if (typeof chunk === "string" && (encoding === "latin1" || encoding === "binary")) {
      output.last(this.#takeHead(chunk.length) + chunk, "latin1");
      return;
    }
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
    const head = this.#takeHead(bytes.length);
    output.cork();
    output.write(head, "latin1");
    output.last(bytes);
    output.uncork();
  }

  /** The head, once; `length` of a body that is known as a whole. */
  #takeHead(length: number | undefined): string {
    const lines = this.#head;
    if (lines === undefined) return "";
    this.#head = undefined;
    let framing = "";
    if (!this.#isSized && !this.#isChunked && !this.#isBodiless) {
      if (length !== undefined) framing = `content-length: ${length}\r\n`;
      else {
        this.#isChunked = true;
        framing = "transfer-encoding: chunked\r\n";
      }
    }
    const reason = this.statusMessage || (STATUS_CODES[this.statusCode] ?? "");
    const { dateLine, keepAliveLines } = this.#output;
    const connection = this.shouldKeepAlive ? keepAliveLines : "connection: close\r\n";
    const date = this.#hasDate ? "" : dateLine;
    return `HTTP/1.1 ${this.statusCode} ${reason}\r\n${lines}${date}${connection}${framing}\r\n`;
  }

  #line(name: string, value: Value): string {
    // Those that say something of the connection or the body are looked at, the length of their names first.
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === "date") this.#hasDate = true;
        break;
      case 10:
        if (name.toLowerCase() === "connection") {
          if (String(value).toLowerCase() === "close") this.shouldKeepAlive = false;
          // Said once, by the connection itself.
          return "";
        }
        if (name.toLowerCase() === "keep-alive") return "";
        break;
      case 14:
        if (name.toLowerCase() === "content-length") this.#isSized = true;
        break;
      case 17:
        // Ours to decide, by what is known of the body.
        if (name.toLowerCase() === "transfer-encoding") return "";
        break;
    }
    if (typeof value !== "object") return field(name, String(value));
    let lines = "";
    for (const one of value) lines += field(name, one);
    return lines;
  }

  #interim(status: number, fields: string): void {
    if (this.headersSent || this.destroyed) return;
    this.#output.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields}\r\n`, "latin1");
  }
}

function checkName(name: string): void {
  if (!fieldName.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name of a field.`);
}

/** One line. @throws TypeError where it would be more than one, or none */
function field(name: string, value: string): string {
  const known = lines.get(name);
  const isCompared = known !== undefined && known.misses < maxMisses;
  if (isCompared && known.value === value) {
    known.misses = 0;
    return known.line;
  }
  if (known === undefined) checkName(name);
  if (notOfValues.test(value))
    throw new TypeError(`The field "${name}" has a character that no field may have.`);
  const line = `${name}: ${value}\r\n`;
  if (isCompared) {
    known.value = value;
    known.line = line;
    known.misses++;
  } else if (known === undefined && lines.size < maxLines)
    lines.set(name, { value, line, misses: 0 });
  return line;
}
