import type { Trace } from "@kerf/kernel";
import { frameHeaderBytes } from "./frame.ts";
import type { FrameSocket } from "./frame-socket.ts";
import type { Body } from "./json-body.ts";

/** Bytes of one chunk of the buffer; larger frames get a chunk of their own. */
const chunkBytes = 64 * 1024;
/** Text up to this length is given room for its worst case instead of being measured first. */
const measureFrom = 4096;

/**
 * So much does not wait for more, in bytes. Two processes that each send what they have only when they have read everything take turns:
 * with 64 calls in flight both cores were idle for half of the time, and a third fewer calls were answered.
 */
const aheadBytes = 2048;

/**
 * Frames on their way out: they are written into one buffer and go to the socket together, once a turn of the event loop, or at once when
 * `flush` is called. While the socket is still busy with the last write they wait here, where it is known that
 * they have not left.
 */
export class Output {
  readonly #socket: FrameSocket;
  readonly #onFlushed: () => void;
  #chunk: Buffer;
  /** Where the unsent part of the chunk starts, where the current frame does, and where the next byte goes. */
  #from = 0;
  #frameStart = 0;
  #at = 0;
  #full: Buffer[] = [];
  #fullBytes = 0;
  #inSocket = 0;
  #scheduled = false;
  #ended = false;
  #queued = 0;
  #handedOver = 0;

  /** @param onFlushed runs each time the socket has taken what it was given */
  constructor(socket: FrameSocket, onFlushed: () => void) {
    this.#socket = socket;
    this.#onFlushed = onFlushed;
    this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
  }

  /** Bytes queued since the start; a frame that began at or after `handedOver` has not left this process. */
  get queued(): number {
    return this.#queued;
  }

  /** Bytes given to the socket since the start. */
  get handedOver(): number {
    return this.#handedOver;
  }

  /** Bytes that neither the socket has taken nor anybody has read. */
  get waiting(): number {
    return this.#queued - this.#handedOver + this.#inSocket;
  }

  /** Starts a frame whose payload has at most `most` bytes. */
  begin(type: number, stream: number, most: number): void {
    if (this.#at + frameHeaderBytes + most > this.#chunk.length)
      this.#turn(frameHeaderBytes + most);
    this.#frameStart = this.#at;
    this.#at += 4;
    this.u8(type);
    this.u32(stream);
  }

  u8(value: number): void {
    this.#chunk[this.#at++] = value;
  }

  u16(value: number): void {
    const chunk = this.#chunk;
    const at = this.#at;
    chunk[at] = value >>> 8;
    chunk[at + 1] = value;
    this.#at = at + 2;
  }

  u32(value: number): void {
    const chunk = this.#chunk;
    const at = this.#at;
    chunk[at] = value >>> 24;
    chunk[at + 1] = value >>> 16;
    chunk[at + 2] = value >>> 8;
    chunk[at + 3] = value;
    this.#at = at + 4;
  }

  /** The ids of trace and span, 24 bytes. */
  ids(trace: Trace): void {
    trace.writeTraceId(this.#chunk, this.#at);
    trace.writeSpanId(this.#chunk, this.#at + 16);
    this.#at += 24;
  }

  /** Text in UTF-8 up to the frame's end. */
  text(value: string): void {
    if (value.length > 0) this.#at += this.#chunk.write(value, this.#at);
  }

  /** JSON, as text or as bytes, up to the frame's end. */
  body(value: Body): void {
    if (typeof value === "string") this.text(value);
    else this.raw(value);
  }

  /** Text in UTF-8 after its length in bytes (u16). */
  shortText(value: string): void {
    const start = this.#at;
    this.#at += 2;
    this.text(value);
    const end = this.#at;
    this.#at = start;
    this.u16(end - start - 2);
    this.#at = end;
  }

  raw(bytes: Uint8Array): void {
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Ends the frame and returns the size of its payload in bytes. */
  end(): number {
    const end = this.#at;
    this.#at = this.#frameStart;
    this.u32(end - this.#frameStart - 4);
    this.#at = end;
    this.#queued += end - this.#frameStart;
    return end - this.#frameStart - frameHeaderBytes;
  }

  /** Bytes that come before any frame. */
  preface(bytes: Uint8Array): void {
    this.#chunk.set(bytes, this.#at);
    this.#at += bytes.length;
    this.#queued += bytes.length;
  }

  /**
   * Sends everything in this turn of the event loop, together with what else is queued until then. Not at the end of this tick: each
   * connection of a gateway's clients that can be read is a tick of its own, and one write for each costs more than all else that the
   * gateway does for a request.
   */
  schedule(): void {
    this.sendAhead();
    if (this.#scheduled || this.#inSocket > 0) return;
    this.#scheduled = true;
    setImmediate(this.#onTurn);
  }

  /** Sends what is queued if it is much: the other side works on it while this one makes the rest. */
  sendAhead(): void {
    if (this.#inSocket === 0 && this.#fullBytes + this.#at - this.#from >= aheadBytes) this.flush();
  }

  /** Sends everything now, unless the socket is busy: then as soon as it is not. */
  flush(): void {
    const used = this.#at - this.#from;
    if (this.#inSocket > 0 || this.#ended || (used === 0 && this.#fullBytes === 0)) return;
    const bytes = this.#fullBytes + used;
    this.#inSocket = bytes;
    this.#handedOver += bytes;
    const last = this.#chunk.subarray(this.#from, this.#at);
    this.#from = this.#at;
    if (this.#fullBytes === 0) {
      this.#socket.write(last, this.#onWritten);
    } else {
      const full = this.#full;
      this.#full = [];
      this.#fullBytes = 0;
      this.#socket.cork();
      for (const chunk of full) this.#socket.write(chunk);
      this.#socket.write(last, this.#onWritten);
      this.#socket.uncork();
    }
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#ended = true;
  }

  readonly #onTurn = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  readonly #onWritten = (error?: Error | null): void => {
    this.#inSocket = 0;
    if (error != null) return;
    if (this.#from < this.#at || this.#fullBytes > 0) {
      this.flush();
    } else {
      // Everything has gone: the chunk is free again, and what one large frame needed is let go.
      if (this.#chunk.length > chunkBytes) this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
      this.#from = 0;
      this.#at = 0;
    }
    this.#onFlushed();
  };

  #turn(bytes: number): void {
    if (this.#at > this.#from) {
      this.#full.push(this.#chunk.subarray(this.#from, this.#at));
      this.#fullBytes += this.#at - this.#from;
    }
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkBytes, bytes));
    this.#from = 0;
    this.#at = 0;
  }
}

/** At most so many bytes `text` takes in UTF-8: exact for bytes and for long text, the worst case for short. */
export function roomFor(text: Body): number {
  if (typeof text !== "string") return text.length;
  return text.length < measureFrom ? text.length * 3 : Buffer.byteLength(text);
}
