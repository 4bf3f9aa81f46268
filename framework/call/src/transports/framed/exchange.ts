import type { CallContext, CancelWatcher, KerfError } from "@kerf/kernel";
import type { Reply, Request } from "../../transport.ts";
import type { Body } from "./json-body.ts";

/** One call or stream, as the calling side of a connection keeps it until its end. */
export interface Exchange extends CancelWatcher {
  readonly request: Request;
  /** The request's context when it was made: that of a retried request changes. */
  readonly context: CallContext;
  /** The input as JSON, taken when the call was made: what its caller changes afterwards does not travel. */
  readonly body: Body;
  readonly streaming: boolean;
  /** Its number on the connection; −1 until it is sent. */
  id: number;
  /** Where its frame starts in the output, to know whether it has left. */
  startsAt: number;
  /** The answer of a call. */
  answer(value: unknown): void;
  /** The next item of a stream and its size in bytes. Throws ProtocolViolation when it was not asked for. */
  item(value: unknown, bytes: number): void;
  /** A stream's end. */
  finish(): void;
  fail(error: KerfError): void;
}

/** What calls and streams ask of the client that they belong to. */
export interface ExchangeHost {
  /** Sends it, or lets it wait for the connection. */
  start(exchange: Exchange): void;
  /** Its context ended early. */
  cancelled(exchange: Exchange, reason: KerfError): void;
  /** Lets the producer of a stream send so much more. */
  credit(exchange: Exchange, items: number, bytes: number): void;
  /** The consumer of a stream has left. */
  leave(exchange: Exchange): void;
}

/** A query or command that is under way. */
export class UnaryExchange implements Exchange {
  readonly request: Request;
  readonly context: CallContext;
  readonly body: Body;
  readonly streaming = false;
  readonly #reply: Reply;
  id = -1;
  startsAt = 0;
  readonly #host: ExchangeHost;

  constructor(host: ExchangeHost, request: Request, body: Body, reply: Reply) {
    this.#host = host;
    this.request = request;
    this.context = request.context;
    this.body = body;
    this.#reply = reply;
  }

  answer(value: unknown): void {
    this.#reply.answered(value);
  }

  fail(error: KerfError): void {
    this.#reply.refused(error);
  }

  onCancelled(reason: KerfError): void {
    this.#host.cancelled(this, reason);
  }

  item(): void {
    throw new TypeError("A call has no items.");
  }

  finish(): void {
    throw new TypeError("A call ends with its answer.");
  }
}
