import type { ServerResponse } from "node:http";
import { type CallContext, type Clock, KerfError } from "@kerf/kernel";
import { securityHeaders } from "./answer.ts";
import type { Problem } from "./problem.ts";

/** How long a silent stream goes without a sign of life, milliseconds; shorter than the idle timeouts of proxies. */
export const heartbeatMs = 15_000;
/** How long clients wait before they connect again, milliseconds. */
export const reconnectMs = 1_000;
/** How long the head waits for the first item, milliseconds, so that an early error still has its own status. */
export const firstItemMs = 1_000;

/** What every stream begins with. */
const opening = `retry: ${reconnectMs}\n\n`;

/** A stream on its way to one client. */
export interface EventStream {
  readonly response: ServerResponse;
  readonly items: AsyncIterable<unknown>;
  readonly context: CallContext;
  readonly clock: Clock;
  /** The item field that becomes the event's id. */
  readonly cursor: string | undefined;
  /** Whether the client resumes: nothing left then is 204, on which an `EventSource` stops. */
  readonly resumed: boolean;
  readonly headOnly: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** What the client may know of a failure after the head is out. */
  problem(thrown: unknown): Problem;
}

/**
 * Answers with server-sent events: an item is one event, its cursor the id. The end is the comment `end`, which tells
 * Kerf's clients a complete stream from a broken one; a failure is a last event `error` with the problem. An edge that stops ends its streams
 * without a word: nothing has failed, and clients come again by themselves, and resume. Resolves when the answer is over; rejects when the
 * stream fails before its head is out.
 */
export async function sendEvents(stream: EventStream): Promise<void> {
  const iterator = stream.items[Symbol.asyncIterator]();
  const first = iterator.next();
  const early = await settledWithin(first, stream.clock, firstItemMs);
  // From here on its failure is looked at where the stream is pumped, if it still is.
  first.catch(() => {});
  const { response } = stream;
  if (response.destroyed) return void iterator.return?.().catch(() => {});
  if (early?.done === true && stream.resumed) {
    response.writeHead(204, { ...securityHeaders, ...stream.headers }).end();
    return;
  }
  writeHead(response, stream.headers);
  if (stream.headOnly) {
    stream.context.cancel(new KerfError("cancelled", "Only the head was asked for."));
    void iterator.return?.().catch(() => {});
    response.end();
    return;
  }
  response.write(opening);
  await pump(stream, iterator, first);
}

/** Answers a stream that came to an edge which stops: it ends at once. With any other status a browser would not come again. */
export function endAtOnce(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): void {
  writeHead(response, headers);
  response.end(opening);
}

function writeHead(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  response.writeHead(200, {
    ...securityHeaders,
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store, no-transform",
    // Proxies of nginx's kind would hold events back until their buffer is full.
    "x-accel-buffering": "no",
  });
}

function pump(
  stream: EventStream,
  iterator: AsyncIterator<unknown>,
  first: Promise<IteratorResult<unknown>>,
): Promise<void> {
  const { response, clock, context } = stream;
  return new Promise((resolve) => {
    let lastWrite = clock.now();
    let over = false;
    const beat = (): void => {
      const silent = clock.now() - lastWrite;
      // A client that does not read gets no sign of life on top of what it has not read.
      if (silent >= heartbeatMs && !response.writableNeedDrain) {
        response.write(":\n\n");
        lastWrite = clock.now();
      }
      heart = clock.after(Math.max(1_000, heartbeatMs - (clock.now() - lastWrite)), beat);
    };
    let heart = clock.after(heartbeatMs, beat);

    /** Ends the answer once, whoever asks first: the stream, its failure, its deadline, or the client. */
    const finish = (last: string): void => {
      if (over) return;
      over = true;
      heart.cancel();
      unwatch();
      response.off("close", onClose);
      if (!response.destroyed) response.end(last);
      resolve();
    };
    const onClose = (): void => {
      void iterator.return?.().catch(() => {});
      finish("");
    };
    response.once("close", onClose);
    const unwatch = context.onCancel((reason) => {
      void iterator.return?.().catch(() => {});
      const problem = stream.problem(reason);
      finish(reason.code === "not_here" ? "" : errorEvent(problem));
    });

    const run = async (): Promise<void> => {
      for (let next = first; ; next = iterator.next()) {
        const { done, value } = await next;
        if (over) return;
        if (done === true) return finish(": end\n\n");
        lastWrite = clock.now();
        if (!response.write(itemEvent(value, stream.cursor))) await drained(response);
        if (over) return;
      }
    };
    run().catch((thrown: unknown) => {
      if (!over) finish(errorEvent(stream.problem(thrown)));
    });
  });
}

function itemEvent(item: unknown, cursor: string | undefined): string {
  const data = `data: ${JSON.stringify(item ?? null)}\n\n`;
  const id = cursor === undefined ? undefined : (item as Record<string, unknown> | null)?.[cursor];
  if (typeof id !== "string" && typeof id !== "number") return data;
  // An id is one line; one that is not could say anything on the lines after it.
  const line = String(id);
  return /[\0\r\n]/.test(line) ? data : `id: ${line}\n${data}`;
}

function errorEvent(problem: Problem): string {
  return `event: error\ndata: ${JSON.stringify(problem)}\n\n`;
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

/** The result of `promise` when it comes within `ms`; undefined when it takes longer. */
function settledWithin<T>(promise: Promise<T>, clock: Clock, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => resolve(undefined));
    promise.then(
      (value) => {
        timer.cancel();
        resolve(value);
      },
      (cause: unknown) => {
        timer.cancel();
        reject(cause as Error);
      },
    );
  });
}
