import type { KerfError } from "@kerf/kernel";
import type { Request } from "../../transport.ts";

/** One call or stream, as the calling side of a connection keeps it until its end. */
export interface Exchange {
  readonly request: Request;
  /** The input as JSON, taken when the call was made: what its caller changes afterwards does not travel. */
  readonly body: string;
  readonly streaming: boolean;
  /** Its number on the connection; −1 until it is sent. */
  id: number;
  /** Where its frame starts in the output, to know whether it has left. */
  startsAt: number;
  /** Takes the listener for cancellation back. */
  forget: () => void;
  /** The answer of a call. */
  answer(value: unknown): void;
  /** The next item of a stream and its size in bytes. Throws ProtocolViolation when it was not asked for. */
  item(value: unknown, bytes: number): void;
  /** A stream's end. */
  finish(): void;
  fail(error: KerfError): void;
}

/** A query or command that is under way. */
export class UnaryExchange implements Exchange {
  readonly request: Request;
  readonly body: string;
  readonly streaming = false;
  readonly answer: (value: unknown) => void;
  readonly fail: (error: KerfError) => void;
  id = -1;
  startsAt = 0;
  forget: () => void = nothing;

  constructor(
    request: Request,
    body: string,
    resolve: (value: unknown) => void,
    reject: (error: KerfError) => void,
  ) {
    this.request = request;
    this.body = body;
    this.answer = resolve;
    this.fail = reject;
  }

  item(): void {
    throw new TypeError("A call has no items.");
  }

  finish(): void {
    throw new TypeError("A call ends with its answer.");
  }
}

function nothing(): void {}
