import type { ExchangeHandler } from "./connection.ts";
import type { Http1Pool } from "./pool.ts";
import type { Http1Request } from "./request-head.ts";
import type { ResponseHead } from "./response-head.ts";

/** A request whose answer nobody passes on. */
export interface Asked {
  /** Rejects when the answer is not whole. */
  readonly head: Promise<ResponseHead>;
  /** Ends it, and its connection. */
  abandon(error: Error): void;
}

/** Looks at an answer as it comes. */
export interface AnswerReader {
  head?(head: ResponseHead): void;
  /** A piece of the body, in memory that is used again after this call. */
  piece(bytes: Buffer): void;
}

/** Sends a request for this program's own sake; resolves once the whole answer was read. */
export function ask(pool: Http1Pool, request: Http1Request, reader: AnswerReader): Asked {
  const { promise, resolve, reject } = Promise.withResolvers<ResponseHead>();
  let found: ResponseHead;
  const handler: ExchangeHandler = {
    onConnected() {},
    onInterim() {},
    onHead(head) {
      found = head;
      reader.head?.(head);
    },
    onBody: (bytes) => reader.piece(bytes),
    onEnd: () => resolve(found),
    onError: reject,
  };
  const connection = pool.send(request, handler);
  return { head: promise, abandon: (error) => connection.abandon(handler, error) };
}
