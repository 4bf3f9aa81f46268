import type { CallContext, KerfError } from "@kerf/kernel";
import type { Request } from "../../transport.ts";
import type { Exchange, ExchangeHost } from "./exchange.ts";
import type { Body } from "./json-body.ts";
import { ProtocolViolation } from "./violation.ts";

interface Item {
  readonly value: unknown;
  readonly bytes: number;
}

interface Waiter {
  resolve(result: IteratorResult<unknown>): void;
  reject(error: KerfError): void;
}

/**
 * A stream as its consumer iterates it. It is opened by the first `next()`, keeps at most one window of items, and asks
 * for more only once the consumer has taken half a window.
 */
export class StreamExchange implements Exchange, AsyncIterableIterator<unknown> {
  readonly request: Request;
  readonly context: CallContext;
  readonly body: Body;
  readonly streaming = true;
  id = -1;
  startsAt = 0;
  readonly #host: ExchangeHost;
  readonly #windowItems: number;
  readonly #windowBytes: number;
  #started = false;
  #over = false;
  #error: KerfError | undefined;
  #items: Item[] = [];
  #waiters: Waiter[] = [];
  /** What the producer may still send. */
  #mayItems: number;
  #mayBytes: number;
  /** What was taken and not given back yet. */
  #takenItems = 0;
  #takenBytes = 0;

  constructor(
    host: ExchangeHost,
    request: Request,
    body: Body,
    window: { items: number; bytes: number },
  ) {
    this.#host = host;
    this.request = request;
    this.context = request.context;
    this.body = body;
    this.#windowItems = this.#mayItems = window.items;
    this.#windowBytes = this.#mayBytes = window.bytes;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    if (!this.#started) {
      this.#started = true;
      if (!this.#over) this.#host.start(this);
    }
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#taken(item.bytes);
      return Promise.resolve({ done: false, value: item.value });
    }
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve(done);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  return(value?: unknown): Promise<IteratorResult<unknown>> {
    this.#started = true;
    this.#items = [];
    this.#error = undefined;
    if (!this.#over) {
      this.#end();
      this.#host.leave(this);
    }
    return Promise.resolve({ done: true, value });
  }

  throw(thrown?: unknown): Promise<IteratorResult<unknown>> {
    return this.return().then(() => {
      throw thrown;
    });
  }

  onCancelled(reason: KerfError): void {
    this.#host.cancelled(this, reason);
  }

  answer(): void {
    throw new TypeError("A stream answers with items.");
  }

  item(value: unknown, bytes: number): void {
    if (this.#mayItems < 1 || this.#mayBytes < 1) {
      throw new ProtocolViolation("window_violated", "A stream sent more than it was asked for.");
    }
    this.#mayItems--;
    this.#mayBytes -= bytes;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#items.push({ value, bytes });
    } else {
      waiter.resolve({ done: false, value });
      this.#taken(bytes);
    }
  }

  finish(): void {
    if (!this.#over) this.#end();
  }

  fail(error: KerfError): void {
    if (this.#over) return;
    // Who left or ran out of time gets no more items; after the producer's own error, what it sent before still counts.
    if (this.context.cancelled !== undefined) this.#items = [];
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#error = error;
    else waiter.reject(error);
    this.#end();
  }

  #end(): void {
    this.#over = true;
    for (const waiter of this.#waiters) waiter.resolve(done);
    this.#waiters = [];
  }

  #taken(bytes: number): void {
    this.#takenItems++;
    this.#takenBytes += bytes;
    if (
      this.#over ||
      (this.#takenItems < this.#windowItems / 2 && this.#takenBytes < this.#windowBytes / 2)
    )
      return;
    const items = this.#takenItems;
    const given = this.#takenBytes;
    this.#takenItems = 0;
    this.#takenBytes = 0;
    this.#mayItems += items;
    this.#mayBytes += given;
    this.#host.credit(this, items, given);
  }
}

const done: IteratorReturnResult<undefined> = { done: true, value: undefined };
