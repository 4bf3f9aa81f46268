import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock, Timer } from "@kerf/kernel";
import type { Fields } from "./fields.ts";
import { ConnectionLost } from "./connection-lost.ts";
import {
  type Http1Request,
  type RequestFraming,
  requestFraming,
  requestHeadText,
} from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";
import { ResponseParser, type ResponseSink } from "./response-parser.ts";

/** Bytes that are read at once. Memory that is never touched costs nothing, so that small answers keep little of it. */
const readBytes = 65_536;
/** A body up to here is copied behind its head, so that both are written at once. */
const joinedBytes = 16_384;
/** A piece from here on leaves with the memory that it was read into; a smaller one is copied. */
const handedOverBytes = 16_384;

/** One request and its response on a connection. Exactly one of `onEnd` and `onError` is called, and nothing after it. */
export interface ExchangeHandler extends ResponseSink {
  /** There is a connection: the request is written as soon as this returns. */
  onConnected(): void;
  /** There is no whole response. */
  onError(error: Error): void;
}

/** Where a connection leads to. */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  /** As a `Host` field has it. */
  readonly authority: string;
  /** Of `https`; the session is the last one, so that the next handshake is a short one. */
  readonly tls: { readonly options: object; session: Buffer | undefined } | undefined;
  readonly connectMs: number;
  /** Without a byte of an answer's body. */
  readonly idleMs: number;
}

/** What the pool of a connection is told. */
export interface ConnectionOwner {
  /** It can be used again. */
  onIdle(connection: Http1Connection): void;
  onClosed(connection: Http1Connection): void;
}

/** A connection to an upstream: one request at a time, over a bare socket, without a stream in between. */
export class Http1Connection implements ResponseSink {
  /** Monotonic milliseconds; the pool's, while it is idle. */
  idleUntil = 0;
  readonly #target: ConnectionTarget;
  readonly #owner: ConnectionOwner;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #parser = new ResponseParser(this);
  #memory = Buffer.allocUnsafeSlow(readBytes);
  #timer: Timer | undefined;
  #isConnected = false;
  #isOver = false;
  #request: Http1Request | undefined;
  #handler: ExchangeHandler | undefined;
  #isSent = false;
  #isPaused = false;
  #lastByteAt = 0;
  #drained: (() => void) | undefined;
  #cause: Error | undefined;

  constructor(target: ConnectionTarget, owner: ConnectionOwner, clock: Clock) {
    this.#target = target;
    this.#owner = owner;
    this.#clock = clock;
    const { host, port, tls } = target;
    const options = {
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 60_000,
      // A function, so that memory can be handed over: the next read goes to other memory then.
      onread: { buffer: () => this.#memory, callback: (length: number) => this.#read(length) },
    };
    if (tls === undefined) {
      this.#socket = connectTcp(options);
      this.#socket.once("connect", () => this.#connected());
    } else {
      const socket = connectTls({
        ALPNProtocols: ["http/1.1"],
        ...options,
        ...(tls.session === undefined ? undefined : { session: tls.session }),
        ...tls.options,
      });
      socket.once("secureConnect", () => this.#connected());
      socket.on("session", (session) => (tls.session = session));
      this.#socket = socket;
    }
    this.#timer = clock.after(target.connectMs, () =>
      this.destroy(new ConnectionLost("CONNECT_TIMEOUT")),
    );
    this.#socket
      .on("error", (error) => (this.#cause ??= error))
      .on("drain", () => this.#drained?.())
      .once("end", () => this.#ended())
      .once("close", () => this.#closed());
  }

  /** Whether it can take a request, as far as is known. */
  get isUsable(): boolean {
    return !this.#isOver && this.#handler === undefined && this.#socket.writable;
  }

  /** Milliseconds for which the upstream keeps it after the last response, if it said so. */
  get keepsAliveMs(): number | undefined {
    return this.#parser.head?.keepsAliveMs;
  }

  /** Sends a request, at once or when the connection is there; the one before must be over. */
  send(request: Http1Request, handler: ExchangeHandler): void {
    this.#request = request;
    this.#handler = handler;
    if (this.#isConnected) this.#begin();
  }

  /** Ends the connection if the handler still waits for its response, which is told `error`. */
  abandon(handler: ExchangeHandler, error: Error): void {
    if (this.#handler === handler) this.destroy(error);
  }

  /** Ends the connection; whoever waits for a response is told `error`. */
  destroy(error: Error): void {
    this.#cause ??= error;
    this.#socket.destroy();
    this.#over();
  }

  /** Reads no more until it is told to go on; for the handler whose response is being read. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Reads on, if the handler still waits for its response. */
  resume(handler: ExchangeHandler): void {
    if (!this.#isPaused || this.#handler !== handler) return;
    this.#isPaused = false;
    this.#lastByteAt = this.#clock.now();
    this.#socket.resume();
  }

  /** A piece of a body for longer than the call that brought it. */
  keep(bytes: Buffer): Buffer {
    if (bytes.length < handedOverBytes) return Buffer.from(bytes);
    if (bytes.buffer === this.#memory.buffer) this.#memory = Buffer.allocUnsafeSlow(readBytes);
    return bytes;
  }

  onInterim(head: ResponseHead): void {
    this.#handler?.onInterim(head);
  }

  onHead(head: ResponseHead): void {
    this.#handler?.onHead(head);
  }

  onBody(bytes: Buffer, isLast: boolean): void {
    this.#handler?.onBody(bytes, isLast);
  }

  onEnd(trailers: Fields): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onEnd(trailers);
  }

  #connected(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isConnected = true;
    if (this.#handler !== undefined) this.#begin();
  }

  #begin(): void {
    const request = this.#request as Http1Request;
    const framing = requestFraming(request);
    let text: string;
    try {
      text = requestHeadText(request, this.#target.authority, framing);
    } catch (error) {
      return this.destroy(error as Error);
    }
    this.#handler?.onConnected();
    this.#parser.begin(request.method);
    const { body } = request;
    this.#isSent = body === null || Buffer.isBuffer(body);
    if (body === null) this.#socket.write(text, "latin1");
    else if (!Buffer.isBuffer(body)) {
      this.#socket.write(text, "latin1");
      void this.#stream(body, framing); // Never rejects.
    } else if (body.length <= joinedBytes) {
      const bytes = Buffer.allocUnsafe(text.length + body.length);
      bytes.write(text, "latin1");
      body.copy(bytes, text.length);
      this.#socket.write(bytes);
    } else {
      this.#socket.cork();
      this.#socket.write(text, "latin1");
      this.#socket.write(body);
      this.#socket.uncork();
    }
  }

  /** Writes a body as it comes, no faster than the upstream takes it. */
  async #stream(body: AsyncIterable<Buffer>, framing: RequestFraming): Promise<void> {
    const socket = this.#socket;
    let left = typeof framing === "number" ? framing : Number.POSITIVE_INFINITY;
    try {
      for await (const piece of body) {
        if (piece.length === 0) continue;
        // It was answered before it was sent whole, or the connection is gone: nobody takes the rest.
        if (this.#isOver || this.#handler === undefined) return;
        left -= piece.length;
        if (left < 0) throw new Error("The body is longer than its head said.");
        socket.cork();
        if (framing === "chunked") socket.write(`${piece.length.toString(16)}\r\n`, "latin1");
        let isTaken = socket.write(piece);
        if (framing === "chunked") isTaken = socket.write("\r\n", "latin1");
        socket.uncork();
        if (!isTaken) await this.#drain();
      }
      if (this.#isOver || this.#handler === undefined) return;
      if (framing === "chunked") socket.write("0\r\n\r\n", "latin1");
      else if (left > 0) throw new Error("The body is shorter than its head said.");
      this.#isSent = true;
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  #drain(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#drained = undefined;
        resolve();
      };
      this.#drained = done;
      if (this.#isOver) done();
    });
  }

  /** Bytes have come into the memory. Returns whether more may come. */
  #read(length: number): boolean {
    if (this.#isOver) return false;
    const bytes = this.#memory.subarray(0, length);
    // Nobody asked for these; what they would answer is the next request.
    if (!this.#parser.isReading) {
      this.destroy(new ConnectionLost("UNASKED_BYTES"));
      return false;
    }
    let isAll: boolean;
    try {
      isAll = this.#parser.push(bytes);
    } catch (error) {
      this.destroy(error as Error);
      return false;
    }
    if (this.#isOver) return false;
    if (this.#parser.isReading) {
      this.#watchBody();
      return !this.#isPaused;
    }
    this.#answered(isAll);
    return true;
  }

  /** The response is complete. */
  #answered(isAll: boolean): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const isReusable = isAll && this.#isSent && this.#parser.head?.keepsAlive === true;
    if (!isReusable) return this.destroy(new ConnectionLost("NOT_KEPT"));
    this.#request = undefined;
    // A client that takes no more of a complete answer stalls this connection no longer. Over TLS it may have been told to read no more.
    if (this.#isPaused) this.#socket.resume();
    this.#isPaused = false;
    this.#owner.onIdle(this);
  }

  /** Bounds the silence within a body; before its head, the deadline of the request does. */
  #watchBody(): void {
    if (this.#parser.head === undefined) return;
    this.#lastByteAt = this.#clock.now();
    this.#timer ??= this.#clock.after(this.#target.idleMs, () => this.#listen());
  }

  #listen(): void {
    this.#timer = undefined;
    const silent = this.#isPaused ? 0 : this.#clock.now() - this.#lastByteAt;
    const left = this.#target.idleMs - silent;
    if (left <= 0) this.destroy(new ConnectionLost("BODY_TIMEOUT"));
    else this.#timer = this.#clock.after(left, () => this.#listen());
  }

  #ended(): void {
    const isWhole = this.#parser.close();
    this.destroy(new ConnectionLost(isWhole ? "NOT_KEPT" : "OTHER_SIDE_CLOSED"));
  }

  #closed(): void {
    this.#cause ??= new ConnectionLost("OTHER_SIDE_CLOSED");
    this.#over();
  }

  /** Idempotent. */
  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#drained?.();
    this.#owner.onClosed(this);
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onError(this.#cause as Error);
  }
}
