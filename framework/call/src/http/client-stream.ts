import type { Operation } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { errorOfProblem, isProblem } from "./client-problem.ts";

/** Longest event that is put together, characters; the rest of a stream like that is not read. */
const maxEventLength = 16_777_216;

/**
 * The items of a server-sent event answer, one at a time: nothing is read from the connection before it is asked for.
 * @throws KerfError what the stream ended with; `connection_lost` when it broke off
 */
export async function* itemsOf(
  response: Response,
  operation: Operation,
): AsyncGenerator<unknown, void> {
  if (response.status === 204 || response.body === null) return;
  const arrived: EventSourceMessage[] = [];
  let ended = false;
  let broken: KerfError | undefined;
  const parser = createParser({
    onEvent: (event) => arrived.push(event),
    onComment: (comment) => {
      ended ||= comment.trim() === "end";
    },
    onError: (error) => {
      if (error.type !== "max-buffer-size-exceeded") return;
      broken = new KerfError(
        "protocol_error",
        `An event is longer than ${maxEventLength} characters.`,
      );
    },
    maxBufferSize: maxEventLength,
  });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (value !== undefined) parser.feed(value);
      for (const event of arrived.splice(0)) {
        if (event.event === "error") throw failureOf(event.data, operation);
        yield parse(event.data);
      }
      if (broken !== undefined) throw broken;
      if (ended) return;
      if (done) throw new KerfError("connection_lost", "The stream broke off before its end.");
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch (cause) {
    throw new KerfError("protocol_error", {
      message: "An event of the stream is not JSON.",
      cause,
    });
  }
}

function failureOf(data: string, operation: Operation): KerfError {
  const problem = parse(data);
  return isProblem(problem)
    ? errorOfProblem(problem, operation)
    : new KerfError("protocol_error", "The stream failed without saying why.");
}
