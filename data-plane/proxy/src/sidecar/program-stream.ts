import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { itemsOf } from "@kerf/call/http";
import type { Operation } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { failureOf } from "./program-client.ts";
import { errorOf, parsed } from "./program-error.ts";

/** Longest item, characters; what comes after it is not read. */
const maxItemLength = 1_048_576;

/**
 * The items of a stream as the program sends it, read as they are asked for: server-sent events that end with the comment `end`, or
 * lines of JSON (NDJSON) that end with the answer. Throws what the program says, and `unavailable` when it breaks off.
 */
export async function* itemsOfAnswer(
  answer: IncomingMessage,
  operation: Operation,
  signal: AbortSignal,
): AsyncGenerator<unknown, void> {
  const type = (answer.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type === "text/event-stream") {
    const body = Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>;
    yield* itemsOf(new Response(body, { status: 200 }), operation);
    return;
  }
  if (type !== "application/x-ndjson") {
    answer.destroy();
    throw new KerfError("invalid_output", {
      message: `The program answered a stream with ${type === "" ? "no content type" : type}.`,
      fix: "Answer with text/event-stream, or with application/x-ndjson and one JSON value a line.",
    });
  }
  try {
    for await (const line of lines(answer)) {
      if (line.trim() === "") continue;
      yield itemOf(line, operation);
    }
  } catch (thrown) {
    throw thrown instanceof KerfError ? thrown : failureOf(thrown as Error, signal);
  } finally {
    answer.destroy();
  }
}

async function* lines(answer: IncomingMessage): AsyncGenerator<string, void> {
  answer.setEncoding("utf8");
  let rest = "";
  for await (const chunk of answer as AsyncIterable<string>) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
    if (rest.length > maxItemLength) {
      throw new KerfError("protocol_error", `An item is longer than ${maxItemLength} characters.`);
    }
  }
  if (rest !== "") yield rest;
}

/** A line is an item, or `{"error": PROBLEM}` as the last one. */
function itemOf(line: string, operation: Operation): unknown {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new KerfError("invalid_output", { message: "A line of the stream is not JSON.", cause });
  }
  const keys = typeof value === "object" && value !== null ? Object.keys(value) : [];
  if (keys.length !== 1 || keys[0] !== "error") return value;
  const problem = parsed(JSON.stringify((value as { error: unknown }).error));
  if (typeof problem?.code !== "string") return value;
  throw errorOf(500, problem, operation);
}
