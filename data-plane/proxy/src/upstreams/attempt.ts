import { KerfError } from "@kerf/kernel";
import type { AnswerSink } from "./answer-sink.ts";
import { attemptFailure } from "./failure.ts";
import type { ExchangeHandler, Http1Connection } from "./http1/connection.ts";
import { hopByHop } from "./hop-by-hop.ts";
import { type Fields, fieldOf } from "./http1/fields.ts";
import type { Http1Pool } from "./http1/pool.ts";
import type { Http1Request } from "./http1/request-head.ts";
import type { ResponseHead } from "./http1/response-head.ts";

/** Of an answer that is thrown away, bytes that are read so that its connection can be used again. */
const discardedBytes = 65_536;
/** A whole body up to here is written together with its head, as one string: two pieces of memory cost a dearer system call. */
const joinedBytes = 16_384;

/** How an attempt at an answer ended. */
export type AttemptEnd =
  /** The client has it, or has left. */
  | { readonly answered: true; readonly failure?: KerfError }
  /** Nothing was sent to the client. */
  | { readonly answered: false; readonly failure: KerfError };

/** What one attempt tells whoever made it. */
export interface AttemptOwner {
  readonly response: AnswerSink;
  /** The head of an answer is there: what the client gets of it, or why this one is not for the client. */
  head(head: ResponseHead): readonly string[] | KerfError;
  /** A piece of the body, as it goes to the client; absent where nobody looks. */
  readonly piece: ((chunk: Buffer) => void) | undefined;
  /** The client takes no more until it is told to go on; and goes on. */
  stalled(isStalled: boolean): void;
  /** Whether the client takes trailers. */
  readonly takesTrailers: boolean;
}

/** One attempt: passes an answer on as it comes, no faster than the client takes it. */
export class Attempt implements ExchangeHandler {
  readonly ended: Promise<AttemptEnd>;
  readonly #owner: AttemptOwner;
  readonly #where: string;
  readonly #end: (end: AttemptEnd) => void;
  #connection: Http1Connection | undefined;
  #isOver = false;
  #sent = false;
  #isBodySent = false;
  #isStalled = false;
  #discarded = -1;

  constructor(owner: AttemptOwner, where: string) {
    const { promise, resolve } = Promise.withResolvers<AttemptEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#owner = owner;
    this.#where = where;
  }

  /** Sends the request, once there is a connection. */
  start(pool: Http1Pool, request: Http1Request): void {
    this.#connection = pool.send(request, this);
  }

  /** Gives the attempt up; its connection closes. `answered`: nobody waits for an answer any more. */
  abandon(failure: KerfError, answered = false): void {
    if (this.#isOver) return;
    this.#finish({ answered: answered || this.#owner.response.headersSent, failure });
    this.#connection?.abandon(this, failure);
  }

  onConnected(): void {
    this.#sent = true;
  }

  onInterim({ status, fields }: ResponseHead): void {
    const { response } = this.#owner;
    if (this.#isOver || response.req.httpVersionMinor === 0) return;
    if (status === 102) response.writeProcessing();
    const link = status === 103 ? fieldOf(fields, "link") : undefined;
    if (link === undefined) return;
    try {
      response.writeEarlyHints({ link });
    } catch {
      // A hint that cannot be passed on: the answer comes anyway.
    }
  }

  onHead(head: ResponseHead): void {
    if (this.#isOver) return;
    const { response } = this.#owner;
    const shown = this.#owner.head(head);
    if (shown instanceof KerfError) {
      this.#discarded = 0;
      this.#finish({ answered: false, failure: shown });
      return;
    }
    try {
      if (head.reason === "") response.writeHead(head.status, shown as string[]);
      else response.writeHead(head.status, head.reason, shown as string[]);
    } catch (cause) {
      // What no HTTP server may send on.
      const message = `${this.#where} answers with a head that cannot be passed on.`;
      this.abandon(new KerfError("protocol_error", { message, cause }));
    }
  }

  onBody(bytes: Buffer, isLast: boolean): void {
    if (this.#isOver) return this.#discard(bytes);
    const { response, piece } = this.#owner;
    if (isLast && bytes.length <= joinedBytes && piece === undefined) {
      this.#isBodySent = true;
      response.end(bytes.toString("latin1"), "latin1");
      return;
    }
    const connection = this.#connection as Http1Connection;
    const kept = connection.keep(bytes);
    piece?.(kept);
    if (response.write(kept) || isLast) return;
    connection.pause();
    // What was read already still comes.
    if (this.#isStalled) return;
    this.#isStalled = true;
    this.#owner.stalled(true);
    response.once("drain", () => {
      this.#isStalled = false;
      this.#owner.stalled(false);
      connection.resume(this);
    });
  }

  onEnd(trailers: Fields): void {
    if (this.#isOver) return;
    const { response, takesTrailers } = this.#owner;
    // Those that would say something of the answer's frame or head come too late for it (RFC 9110, 6.5.1).
    const passed = takesTrailers ? pairsOf(trailers).filter(([name]) => !ofHead.has(name)) : [];
    if (passed.length > 0) response.addTrailers(passed);
    if (!this.#isBodySent) response.end();
    this.#finish({ answered: true });
  }

  onError(error: Error): void {
    if (this.#isOver) return;
    const failure = attemptFailure(error, this.#where, this.#sent);
    const { response } = this.#owner;
    if (!response.headersSent) return this.#finish({ answered: false, failure });
    // Only a connection that breaks off says that an answer is not complete.
    response.destroy();
    this.#finish({ answered: true, failure });
  }

  #discard(bytes: Buffer): void {
    if (this.#discarded < 0) return;
    this.#discarded += bytes.length;
    if (this.#discarded > discardedBytes)
      this.#connection?.abandon(this, new Error("too much to throw away"));
  }

  #finish(end: AttemptEnd): void {
    this.#isOver = true;
    this.#end(end);
  }
}

const ofHead: ReadonlySet<string> = new Set([
  ...hopByHop,
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "set-cookie",
]);

function pairsOf(fields: Fields): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2)
    pairs.push([fields[i] as string, fields[i + 1] as string]);
  return pairs;
}
