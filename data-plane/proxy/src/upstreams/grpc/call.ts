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
    this.#settle.reject(reason);
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #up(): void {
    const { request, response } = this.#call;
    const stream = this.#stream;
    request.on("data", (chunk: Buffer) => {
      try {
        this.#bound.pass(chunk);
      } catch (error) {
        this.abandon(error as KerfError);
        return;
      }
      this.#call.moved();
      if (!stream.closed && !stream.writableEnded && !stream.write(chunk)) request.pause();
    });
    stream.on("drain", () => request.resume());
    request.once("end", () => stream.end());
    request.once("error", () => this.abandon(left()));
    response.once("close", () => {
      if (!response.writableFinished) this.abandon(left());
    });
  }

  #down(): void {
    const { response, origin } = this.#call;
    const stream = this.#stream;
    stream.once("response", (headers, flags) => {
      const status = headers[":status"] ?? 200;
      this.#call.answered(headers["grpc-status"] as string | undefined);
      const head = this.#call.answerHead(status, fieldsOf(headers));
      // A head that is all there is must arrive as such.
      if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) this.#onlyHead = { status, head };
      else if (!response.headersSent && !response.destroyed) response.writeHead(status, head);
    });
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
    stream.once("close", () => this.#closed(origin));
  }

  #closed(origin: URL): void {
    const { response } = this.#call;
    const { rstCode } = this.#stream;
    if (response.destroyed) return this.#settle.reject(left());
    if (this.#onlyHead !== undefined) {
      const { status, head } = this.#onlyHead;
      response.statusCode = status;
      for (let i = 0; i < head.length; i += 2)
        response.appendHeader(head[i] as string, head[i + 1] as string);
      response.end();
      return this.#settle.resolve();
    }
    if (this.#trailers !== undefined) {
      response.addTrailers(this.#trailers as Record<string, string>);
      response.end();
      return this.#settle.resolve();
    }
    const unsent = rstCode === constants.NGHTTP2_REFUSED_STREAM;
    this.#settle.reject(
      new KerfError(unsent ? "unavailable" : "bad_gateway", {
        message: `${origin.origin} ended the call without a status (HTTP/2 code ${rstCode}).`,
        ...(unsent ? { retry: "not-executed" as const } : undefined),
      }),
    );
  }
}

function withoutPseudo(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => !name.startsWith(":") && value !== undefined),
  );
}

/** Names and values in turn; a field that came several times, several times. */
function fieldsOf(headers: IncomingHttpHeaders): Fields {
  return Object.entries(withoutPseudo(headers)).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, each as string]),
  );
}
