import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { shareReadBuffer } from "../../read-buffer.ts";
import { readPlainHead } from "./plain-head.ts";
import { PlainRequest } from "./plain-request.ts";
import { type PlainOutput, PlainResponse } from "./plain-response.ts";

/** What connections have in common. */
export interface PlainServer {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  /** Takes the connection over, with bytes of it that were read already. */
  readonly handOver: (socket: Socket, bytes: Buffer) => void;
  readonly closed: (connection: PlainConnection) => void;
  /** Turns of the clock that looks after idle connections, so that no request has to ask what time it is. */
  readonly turn: number;
  /** Whether each connection closes with its next answer. */
  readonly lastAnswers: boolean;
  /** Whether a connection without a request closes. */
  readonly closingIdle: boolean;
  readonly dateLine: string;
  readonly keepAliveLines: string;
}

/** What a client may send ahead of its turn before it has to wait, bytes. */
const maxRestBytes = 16_384;
const noBytes = Buffer.alloc(0);

/** A connection whose requests have been plain so far, one at a time; with the first that is not it is Node's. */
export class PlainConnection implements PlainOutput {
  readonly #socket: Socket;
  readonly #server: PlainServer;
  readonly #ownBytes: () => void;
  #response: PlainResponse | undefined;
  /** What came behind the request that is being answered. */
  #rest: Buffer | undefined;
  #hasEnded = false;
  /** How long its client may take nothing of an answer, milliseconds. */
  readonly #sendMs: number;
  /** Whether the socket watches that: only while something waits to be taken, since every read and write would set it back. */
  #isTimed = false;
  /** Until it is handed over. */
  #isOurs = true;
  /** Since which turn it has had no request. */
  idleSince: number;
  /** Whether it has had a request at all. */
  isFresh = true;

  constructor(socket: Socket, server: PlainServer, sendMs: number) {
    this.#socket = socket;
    this.#server = server;
    this.idleSince = server.turn;
    this.#sendMs = sendMs;
    socket.on("data", this.#onData).on("end", this.#onEnd).on("drain", this.#onDrain);
    socket.on("timeout", this.#onTimeout).on("error", ignore).on("close", this.#onClose);
    this.#ownBytes = shareReadBuffer(socket);
  }

  get isIdle(): boolean {
    return this.#response === undefined;
  }

  get dateLine(): string {
    return this.#server.dateLine;
  }

  get keepAliveLines(): string {
    return this.#server.keepAliveLines;
  }

  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    const more = this.#socket.write(data, encoding);
    this.#time();
    return more;
  }

  last(data: string | Uint8Array, encoding?: BufferEncoding): void {
    const socket = this.#socket;
    // The system takes most answers whole and at once, which is cheaper to see than to be told. What is pipelined behind one has a turn of its own.
    if (socket.writableCorked === 0 && this.#rest === undefined) {
      socket.write(data, encoding);
      if (socket.writableLength === 0 && socket.errored === null) return this.#onSent();
      data = "";
    }
    socket.write(data, encoding, this.#onSent);
    this.#time();
  }

  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
    this.#time();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #time(): void {
    const socket = this.#socket;
    if (this.#isTimed || socket.writableLength === 0 || socket.writableCorked > 0) return;
    this.#isTimed = true;
    socket.setTimeout(this.#sendMs);
  }

  #untime(): void {
    if (!this.#isTimed) return;
    this.#isTimed = false;
    this.#socket.setTimeout(0);
  }

  /** Its bytes are the next read's once this returns: whatever outlives it is copied. */
  readonly #onData = (chunk: Buffer): void => {
    if (this.#response === undefined) return this.#serve(chunk);
    // The next one has no turn yet. Some of it is taken in, so that one hears when its sender leaves; not more.
    this.#keep(this.#rest === undefined ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]));
  };

  #keep(rest: Buffer): void {
    this.#rest = rest;
    if (!this.#hasRoom()) this.#socket.pause();
  }

  #hasRoom(): boolean {
    return this.#rest === undefined || this.#rest.length <= maxRestBytes;
  }

  #serve(bytes: Buffer): void {
    const server = this.#server;
    const head = readPlainHead(bytes, 0);
    if (head === undefined) return this.#handOver(bytes);
    const { bodyAt, end } = head;
    if (end < bytes.length) this.#keep(Buffer.from(bytes.subarray(end)));
    this.isFresh = false;
    const body = bodyAt === end ? noBytes : Buffer.from(bytes.subarray(bodyAt, end));
    const request = new PlainRequest(this.#socket, head, body);
    const response = new PlainResponse(request, this);
    this.#response = response;
    if (server.lastAnswers) response.shouldKeepAlive = false;
    // It has every member of Node's that is used here, and writes what that would write.
    server.handler(request, response as unknown as ServerResponse);
  }

  readonly #onSent = (error?: Error | null): void => {
    const response = this.#response;
    this.#untime();
    // That the connection is gone is heard from the connection.
    if (error || response === undefined) return;
    this.#response = undefined;
    response.onSent();
    const { closingIdle, turn } = this.#server;
    const rest = this.#rest;
    this.#rest = undefined;
    if (!response.shouldKeepAlive || this.#hasEnded || (rest === undefined && closingIdle)) {
      // Nothing behind such an answer is a request (RFC 9112, 9.6).
      this.#socket.destroySoon();
      return;
    }
    this.idleSince = turn;
    if (rest !== undefined) this.#serve(rest);
    // Whoever has taken the connection over reads it in his own way.
    if (this.#isOurs && this.#socket.isPaused() && this.#hasRoom()) this.#socket.resume();
  };

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    this.#isOurs = false;
    socket.off("data", this.#onData).off("end", this.#onEnd).off("drain", this.#onDrain);
    socket.off("timeout", this.#onTimeout).off("error", ignore).off("close", this.#onClose);
    this.#untime();
    this.#ownBytes();
    this.#server.closed(this);
    this.#server.handOver(socket, Buffer.from(bytes));
  }

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    // Whoever ends in the middle of an answer leaves, as far as one can tell; what was written still goes out.
    if (this.#response === undefined) this.#socket.destroySoon();
    else this.#socket.end();
  };

  readonly #onDrain = (): void => {
    this.#response?.emit("drain");
  };

  readonly #onTimeout = (): void => {
    // A request that is being worked on has a bound of its own; whoever takes nothing of an answer has not. Idle ones are looked after elsewhere.
    if (this.#response !== undefined && this.#socket.writableLength > 0) this.#socket.destroy();
  };

  readonly #onClose = (): void => {
    this.#server.closed(this);
    const response = this.#response;
    this.#response = undefined;
    response?.onGone();
  };
}

/** That the connection is closed is heard as well. */
function ignore(): void {}
