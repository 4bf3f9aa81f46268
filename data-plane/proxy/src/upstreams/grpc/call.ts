import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { KerfError } from "@kerf/kernel";
import type { Fields } from "../http1/fields.ts";
import { hopByHop } from "../hop-by-hop.ts";
import { left } from "../upstream.ts";
import { MessageBound } from "./message-bound.ts";

/** A call on its way to an instance. */
export interface GrpcCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly session: ClientHttp2Session;
  readonly origin: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly maxMessageBytes: number;
  /** The head for the client, names and values in turn. */
  answerHead(status: number, fields: Fields): string[];
  /** A head is there: the instance has answered. */
  answered(grpcStatus: string | undefined): void;
  /** Bytes went in either direction. */
  moved(): void;
}

/** One call to one instance: passes messages in both directions as they come, no faster than they are taken. */
export class GrpcExchange {
  /** Resolves when the client has a status from there; rejects when there was none. */
  readonly ended: Promise<void>;
  readonly #call: GrpcCall;
  readonly #stream: ClientHttp2Stream;
  readonly #settle: PromiseWithResolvers<void>;
  readonly #bound: MessageBound;
  #trailers: IncomingHttpHeaders | undefined;
  #onlyHead: { status: number; head: string[] } | undefined;
  /** The client has a status, from there or of ours. */
  #isOver = false;
  /** Stops listening to the client. */
  #letGo = (): void => {};

  constructor(call: GrpcCall) {
    this.#call = call;
    this.#settle = Promise.withResolvers();
    this.ended = this.#settle.promise;
    this.#bound = new MessageBound(call.maxMessageBytes);
    this.#stream = call.session.request(call.headers, { endStream: false });
    this.#up();
    this.#down();
  }

  /** Ends the call at both sides. */
  abandon(reason: KerfError): void {
    this.#isOver = true;
    this.#settle.reject(reason);
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #up(): void {
    const { request, response } = this.#call;
    const stream = this.#stream;
    const onData = (chunk: Buffer): void => {
      try {
        this.#bound.pass(chunk);
      } catch (error) {
        this.abandon(error as KerfError);
        return;
      }
      this.#call.moved();
      if (!stream.closed && !stream.writableEnded && !stream.write(chunk)) request.pause();
    };
    const onEnd = (): void => void stream.end();
    const onError = (): void => this.abandon(left());
    const onClose = (): void => {
      if (!response.writableFinished) this.abandon(left());
    };
    stream.on("drain", () => request.resume());
    request.on("data", onData).once("end", onEnd).once("error", onError);
    response.once("close", onClose);
    // It ended, or another instance was asked before.
    if (request.readableEnded) onEnd();
    else request.resume();
    // What comes afterwards is the next instance's, if there is one.
    this.#letGo = () => {
      request.off("data", onData).off("end", onEnd).off("error", onError).pause();
      response.off("close", onClose);
    };
  }

  #down(): void {
    const { response, origin } = this.#call;
    const stream = this.#stream;
    stream.once("response", (headers, flags) =>
      this.#passing(() => {
        const status = headers[":status"] ?? 200;
        this.#call.answered(headers["grpc-status"] as string | undefined);
        const head = this.#call.answerHead(status, fieldsOf(headers));
        // A head that is all there is must arrive as such.
        if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#onlyHead = { status, head };
        else if (!response.headersSent && !response.destroyed) response.writeHead(status, head);
      }),
    );
    stream.on("data", (chunk: Buffer) => {
      this.#call.moved();
      if (!response.destroyed && !response.write(chunk)) {
        stream.pause();
        response.once("drain", () => stream.resume());
      }
    });
    stream.once("trailers", (trailers) => (this.#trailers = withoutPseudo(trailers)));
    stream.once("error", () => {
      // What it means is told by the code that its end has.
    });
    // The status ends the call, also for a client that waits for it before it ends its own half.
    stream.once("end", () => this.#passing(() => this.#answer()));
    stream.once("close", () => this.#passing(() => this.#closed(origin)));
  }

  /** What an instance says may be what no server may send on; thrown in an event it would end the process. */
  #passing(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const message = `${this.#call.origin.origin} answers with what cannot be passed on.`;
      this.abandon(new KerfError("protocol_error", { message, cause }));
    }
  }

  /** Sends the status on, if it is there; says whether it was. */
  #answer(): boolean {
    const { response } = this.#call;
    if (this.#isOver || response.destroyed) return this.#isOver;
    if (this.#onlyHead !== undefined) {
      const { status, head } = this.#onlyHead;
      response.statusCode = status;
      for (let i = 0; i < head.length; i += 2)
        response.appendHeader(head[i] as string, head[i + 1] as string);
    } else if (this.#trailers !== undefined) {
      response.addTrailers(this.#trailers as Record<string, string>);
    } else return false;
    this.#isOver = true;
    response.end();
    this.#settle.resolve();
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    return true;
  }

  #closed(origin: URL): void {
    const { response } = this.#call;
    const { rstCode } = this.#stream;
    if (this.#answer()) return;
    this.#letGo();
    if (response.destroyed) return this.#settle.reject(left());
    const unsent = rstCode === constants.NGHTTP2_REFUSED_STREAM;
    this.#settle.reject(
      new KerfError(unsent ? "unavailable" : "bad_gateway", {
        message: `${origin.origin} ended the call without a status (HTTP/2 code ${rstCode}).`,
        ...(unsent ? { retry: "not-executed" as const } : undefined),
      }),
    );
  }
}

/** What is about the call, not about the connection that it came over. */
function withoutPseudo(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name, value]) => !name.startsWith(":") && !hopByHop.has(name) && value !== undefined,
    ),
  );
}

/** Names and values in turn; a field that came several times, several times. */
function fieldsOf(headers: IncomingHttpHeaders): Fields {
  return Object.entries(withoutPseudo(headers)).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each as string]),
  );
}
