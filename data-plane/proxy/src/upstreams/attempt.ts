import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { KerfError } from "@kerf/kernel";
import type { Dispatcher } from "undici";
import { attemptFailure } from "./failure.ts";

/** Of an answer that is thrown away, bytes that are read so that its connection can be used again. */
const discardedBytes = 65_536;

/** How an attempt at an answer ended. */
export type AttemptEnd =
  /** The client has it, or has left. */
  | { readonly answered: true; readonly failure?: KerfError }
  /** Nothing was sent to the client. */
  | { readonly answered: false; readonly failure: KerfError };

/** What one attempt tells whoever made it. */
export interface AttemptOwner {
  readonly response: ServerResponse;
  /** The head of an answer is there: what the client gets of it, or why this one is not for the client. */
  head(status: number, headers: IncomingHttpHeaders): readonly string[] | KerfError;
  /** A piece of the body, as it goes to the client. */
  piece(chunk: Buffer): void;
  /** The client takes no more until it is told to go on; and goes on. */
  stalled(isStalled: boolean): void;
  /** Whether the client takes trailers. */
  readonly takesTrailers: boolean;
}

/** One attempt: passes an answer on as it comes, no faster than the client takes it. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly ended: Promise<AttemptEnd>;
  readonly #owner: AttemptOwner;
  readonly #where: string;
  readonly #end: (end: AttemptEnd) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #isOver = false;
  #sent = false;
  #discarded = -1;

  constructor(owner: AttemptOwner, where: string) {
    const { promise, resolve } = Promise.withResolvers<AttemptEnd>();
    this.ended = promise;
    this.#end = resolve;
    this.#owner = owner;
    this.#where = where;
  }

  /** Whether a byte of the request may have been sent. */
  get sent(): boolean {
    return this.#sent;
  }

  /** Gives the attempt up; its connection closes. `answered`: nobody waits for an answer any more. */
  abandon(failure: KerfError, answered = false): void {
    if (this.#isOver) return;
    this.#finish({ answered: answered || this.#owner.response.headersSent, failure });
    this.#controller?.abort(failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Given up before there was a connection: nothing is sent.
    if (this.#isOver) controller.abort(new KerfError("cancelled", "This attempt was given up."));
    else this.#sent = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
    reason?: string,
  ): void {
    if (this.#isOver) return;
    const { response } = this.#owner;
    if (status < 200) {
      this.#interim(status, headers);
      return;
    }
    const head = this.#owner.head(status, headers);
    if (head instanceof KerfError) {
      this.#discarded = 0;
      this.#finish({ answered: false, failure: head });
      return;
    }
    try {
      if (reason === undefined || reason === "") response.writeHead(status, head as string[]);
      else response.writeHead(status, reason, head as string[]);
    } catch (cause) {
      // What no HTTP server may send on.
      const message = `${this.#where} answers with a head that cannot be passed on.`;
      this.abandon(new KerfError("protocol_error", { message, cause }));
      controller.abort(cause as Error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isOver) {
      if (this.#discarded < 0) return;
      this.#discarded += chunk.length;
      if (this.#discarded > discardedBytes) controller.abort(new Error("too much to throw away"));
      return;
    }
    this.#owner.piece(chunk);
    const { response } = this.#owner;
    if (response.write(chunk)) return;
    controller.pause();
    this.#owner.stalled(true);
    response.once("drain", () => {
      this.#owner.stalled(false);
      controller.resume();
    });
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: IncomingHttpHeaders): void {
    if (this.#isOver) return;
    const { response, takesTrailers } = this.#owner;
    if (takesTrailers) {
      const entries = Object.entries(trailers).filter((entry) => entry[1] !== undefined);
      if (entries.length > 0)
        response.addTrailers(Object.fromEntries(entries) as Record<string, string>);
    }
    response.end();
    this.#finish({ answered: true });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#isOver) return;
    const failure = attemptFailure(error, this.#where, this.#sent);
    const { response } = this.#owner;
    if (!response.headersSent) return this.#finish({ answered: false, failure });
    // Only a connection that breaks off says that an answer is not complete.
    response.destroy();
    this.#finish({ answered: true, failure });
  }

  #interim(status: number, headers: IncomingHttpHeaders): void {
    const { response } = this.#owner;
    if (response.req.httpVersionMinor === 0) return;
    if (status === 102) response.writeProcessing();
    const { link } = headers;
    if (status === 103 && link !== undefined) {
      try {
        response.writeEarlyHints({ link });
      } catch {
        // A hint that cannot be passed on: the answer comes anyway.
      }
    }
  }

  #finish(end: AttemptEnd): void {
    this.#isOver = true;
    this.#end(end);
  }
}
