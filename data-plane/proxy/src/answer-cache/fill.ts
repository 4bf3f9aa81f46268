import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { AnswerSink } from "../upstreams/answer-sink.ts";
import { type Fields, fieldOf } from "../upstreams/http1/fields.ts";

/** Of an answer that nobody gets, bytes that are read so that its connection can be used again. */
const discardedBytes = 65_536;

/**
 * What becomes of an answer. `keep`: it is kept, and whoever asked gets it as it comes. `pass`: only he gets it. `drop`: nobody does.
 */
export type Fate = "keep" | "pass" | "drop";

/** Decides about an answer, and is told how it went. */
export interface FillOwner {
  /** The head is there. */
  decide(status: number, fields: Fields, from: URL): Fate;
  /** The head as the client gets it has to be written now. */
  writeHead(response: ServerResponse, status: number, fields: Fields, from: URL): void;
  /** Whether there is room for `bytes` more, in this answer (`size` with them) and in all that are on their way. */
  hasRoom(bytes: number, size: number): boolean;
  /** Bytes of the body are held no more. */
  released(bytes: number): void;
  /** The whole body of an answer that is to be kept. */
  whole(body: Buffer): void;
  /** It will not be kept after all. */
  unkept(): void;
}

/**
 * An answer on its way into the cache. The client that asked first gets it at once, and however slowly he takes it, nobody else waits for him:
 * what he has not taken is in memory anyway, until the answer turns out too large to keep. From then on it comes as fast as he takes it.
 */
export class Fill extends EventEmitter implements AnswerSink {
  /** Interim answers are for the client that asks in person. */
  readonly req = { httpVersionMinor: 0 };
  readonly #owner: FillOwner;
  #client: ServerResponse | undefined;
  #fate: Fate | undefined;
  #fields: Fields = [];
  #from: URL | undefined;
  #pieces: Buffer[] = [];
  #size = 0;
  #isClosed = false;
  #isEnded = false;

  /** @param client who gets the answer as well; without one it is fetched for those who come later */
  constructor(owner: FillOwner, client: ServerResponse | undefined) {
    super();
    this.#owner = owner;
    this.#client = client;
  }

  get destroyed(): boolean {
    return this.#isClosed || (this.#fate === "pass" && this.#client?.destroyed !== false);
  }

  get headersSent(): boolean {
    return this.#fate !== undefined;
  }

  get writableFinished(): boolean {
    return this.#fate === "pass"
      ? !this.#isClosed && this.#client?.writableFinished === true
      : this.#isEnded;
  }

  /** The head as the upstream says it; `writeHead` follows. */
  heard(fields: Fields, from: URL): void {
    this.#fields = fields;
    this.#from = from;
  }

  writeHead(status: number): void {
    const from = this.#from as URL;
    this.#fate = this.#owner.decide(status, this.#fields, from);
    if (this.#fate === "drop") {
      // A short rest is read, so that its connection can be used again.
      if (!(Number(fieldOf(this.#fields, "content-length")) <= discardedBytes)) this.#close();
      return;
    }
    const client = this.#taking();
    if (client !== undefined) {
      this.#owner.writeHead(client, status, this.#fields, from);
      client.on("drain", () => this.emit("drain"));
      client.once("close", () => this.#clientLeft());
    }
    if (this.#fate === "pass" && this.#taking() === undefined) this.#close();
  }

  write(chunk: Buffer): boolean {
    this.#size += chunk.length;
    if (this.#fate === "drop") {
      if (this.#size > discardedBytes) this.#close();
      return true;
    }
    if (this.#fate === "keep") {
      if (this.#owner.hasRoom(chunk.length, this.#size)) this.#pieces.push(chunk);
      else this.giveUp();
    }
    const taken = this.#taking()?.write(chunk) ?? true;
    return this.#fate === "keep" || taken;
  }

  end(text?: string, encoding?: "latin1"): void {
    if (text !== undefined) this.write(Buffer.from(text, encoding));
    this.#isEnded = true;
    if (this.#fate === "drop") return;
    // Kept before the client has all of it: his next request finds it.
    if (this.#fate === "keep") this.#owner.whole(this.#body());
    this.#release();
    this.#taking()?.end();
  }

  /** It takes too long, or too much memory: from now on it is only for the client that asked. */
  giveUp(): void {
    if (this.#isEnded || this.#isClosed) return;
    if (this.#fate === "drop") return this.#close();
    if (this.#fate !== "keep") return;
    this.#fate = "pass";
    this.#release();
    this.#owner.unkept();
    if (this.#taking() === undefined) this.#close();
  }

  /** The answer broke off: only a connection that breaks off says so. */
  destroy(): void {
    this.#isClosed = true;
    this.#release();
    if (this.#fate !== "drop") this.#taking()?.destroy();
  }

  writeContinue(): void {}
  writeProcessing(): void {}
  writeEarlyHints(): void {}
  addTrailers(): void {}

  /** The client, while he can be sent something. One that was told that he has the answer already is sent no more. */
  #taking(): ServerResponse | undefined {
    const client = this.#client;
    return client === undefined || client.destroyed || client.writableEnded ? undefined : client;
  }

  #clientLeft(): void {
    if (this.#fate === "pass" && !this.#isEnded) this.#close();
  }

  /** Nobody takes the rest. */
  #close(): void {
    this.#isClosed = true;
    this.emit("close");
  }

  #body(): Buffer {
    const held = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    // Of its own size: a slice would hold the memory around it.
    const body = Buffer.allocUnsafeSlow(held);
    let at = 0;
    for (const piece of this.#pieces) at += piece.copy(body, at);
    return body;
  }

  #release(): void {
    const held = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#pieces = [];
    if (held > 0) this.#owner.released(held);
  }
}
