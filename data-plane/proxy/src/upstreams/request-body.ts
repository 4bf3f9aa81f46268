import type { IncomingMessage } from "node:http";
import { announcesBody } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import type { AnswerSink } from "./answer-sink.ts";

/** Bodies up to here are read before they are sent, bytes: such a request can be sent again. */
const bufferedBytes = 65_536;

/** The body of a request on its way to an upstream. */
export interface RequestBody {
  /** What is sent: nothing, all of it, or its pieces as they come. */
  readonly content: Buffer | AsyncIterable<Buffer> | null;
  /** Whether it can be sent (again): always, unless it is a stream that has been begun. */
  isFresh(): boolean;
}

const none: RequestBody = { content: null, isFresh: () => true };

/**
 * Takes a request's body: a small one whole, a large one piece by piece, as fast as the upstream takes it.
 * @throws KerfError `payload_too_large`, or `cancelled` when the client leaves
 */
export async function requestBody(
  request: IncomingMessage,
  response: AnswerSink,
  maxBytes: number,
): Promise<RequestBody> {
  if (!announcesBody(request)) return none;
  const length = request.headers["content-length"];
  if (length !== undefined && Number(length) > maxBytes) throw tooLarge(maxBytes);
  if (length === undefined || Number(length) > bufferedBytes)
    return streamed(request, response, maxBytes);
  if (request.headers.expect !== undefined) response.writeContinue();
  const content = await whole(request);
  return { content, isFresh: () => true };
}

function whole(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const left = (): void =>
      reject(new KerfError("cancelled", "The client left before its request was complete."));
    request
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)))
      .on("error", left)
      .on("close", left);
  });
}

function streamed(request: IncomingMessage, response: AnswerSink, maxBytes: number): RequestBody {
  let begun = false;
  async function* pieces(): AsyncGenerator<Buffer> {
    begun = true;
    // The client is told to go on once there is a connection to pass its body on to.
    if (request.headers.expect !== undefined) response.writeContinue();
    let size = 0;
    // Left early, the request stays whole: its connection still carries the answer.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield chunk as Buffer;
    }
  }
  return { content: { [Symbol.asyncIterator]: pieces }, isFresh: () => !begun };
}

function tooLarge(maxBytes: number): KerfError {
  return new KerfError("payload_too_large", {
    message: `The body is larger than ${maxBytes} bytes.`,
    fix: "Send less, in several requests.",
  });
}
