import type { IncomingMessage } from "node:http";
import { KerfError } from "@kerf/kernel";
import { notJson, parseJson } from "../json/parse.ts";
import { RawJson } from "../json/raw-json.ts";
import { PlainRequest } from "./http1/plain-request.ts";

/** Largest request body of an operation that says nothing, bytes (`defaults.md`: inbound HTTP). */
export const defaultMaxBodyBytes = 1_048_576;

/** How nearly everybody says it; there is nothing to look into. */
const plainJsonTypes: ReadonlySet<string> = new Set([
  "application/json",
  "application/json; charset=utf-8",
  "application/json;charset=utf-8",
]);

const mediaTypePattern = /^\s*([a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+)\s*(?:;(.*))?$/i;
const charsetPattern = /(?:^|;)\s*charset\s*=\s*"?([^";\s]*)"?/i;

/** Whether the request announces a body at all (RFC 9112, 6.3). */
export function announcesBody(request: IncomingMessage): boolean {
  const { headers } = request;
  if (headers["transfer-encoding"] !== undefined) return true;
  return headers["content-length"] !== undefined && headers["content-length"] !== "0";
}

/**
 * Refuses by the head alone what the body cannot make good, before a byte of it is read.
 * @throws KerfError `unsupported_media_type` or `payload_too_large`
 */
export function checkBodyHead(request: IncomingMessage, maxBytes: number): void {
  const { headers } = request;
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const type = headers["content-type"];
  if (type === undefined) {
    if (announcesBody(request)) throw unsupported("the request has a body without a content type");
    return;
  }
  if (!plainJsonTypes.has(type)) checkType(type);
  const encoding = headers["content-encoding"]?.trim().toLowerCase();
  if (encoding !== undefined && encoding !== "" && encoding !== "identity")
    throw unsupported("the body is compressed");
}

function checkType(type: string): void {
  const match = mediaTypePattern.exec(type);
  const media = match?.[1]?.toLowerCase() ?? "";
  if (media !== "application/json" && !media.endsWith("+json"))
    throw unsupported("the content type is not JSON");
  const charset = charsetPattern.exec(match?.[2] ?? "")?.[1]?.toLowerCase();
  if (charset !== undefined && charset !== "utf-8" && charset !== "utf8")
    throw unsupported("the character set is not UTF-8");
}

/**
 * Reads a JSON body whose head has been checked; undefined when the request has neither body nor content type. Whether it is
 * JSON shows when its value is asked for. A promise where it has not arrived.
 * @throws KerfError `payload_too_large`, `invalid_input` when it is empty, or `cancelled` when the client leaves
 */
export function readRawBody(
  request: IncomingMessage,
  maxBytes: number,
): RawJson | undefined | Promise<RawJson> {
  if (!announcesBody(request)) {
    if (request.headers["content-type"] === undefined) return undefined;
    throw notJson("The body is empty, but its content type says JSON.");
  }
  const bytes = readBytes(request, maxBytes);
  return bytes instanceof Promise ? bytes.then(rawOf) : rawOf(bytes);
}

function rawOf(bytes: Buffer): RawJson {
  // No bytes at all stand for "no value" further on: what is wrong with them is said here.
  if (bytes.length === 0) parseJson(bytes);
  return new RawJson(bytes);
}

/**
 * The value of a JSON body whose head has been checked; undefined when the request has neither body nor content type.
 * @throws KerfError `payload_too_large`, `invalid_input` that says where, or `cancelled` when the client leaves
 */
export async function readJsonBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  return (await readRawBody(request, maxBytes))?.value();
}

function readBytes(request: IncomingMessage, maxBytes: number): Buffer | Promise<Buffer> {
  if (request instanceof PlainRequest) {
    if (request.body.length > maxBytes) throw tooLarge(maxBytes);
    return request.body;
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (): void => {
      request.off("data", onData).off("end", onEnd).off("close", onGone).off("error", onGone);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= maxBytes) return void chunks.push(chunk);
      settle();
      reject(tooLarge(maxBytes));
    };
    const onEnd = (): void => {
      settle();
      resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size));
    };
    const onGone = (): void => {
      settle();
      // An error after this one has no listener of ours any more, and must not end the process.
      request.on("error", () => {});
      reject(new KerfError("cancelled", "The client left before its request was complete."));
    };
    request.on("data", onData).on("end", onEnd).on("close", onGone).on("error", onGone);
  });
}

function tooLarge(maxBytes: number): KerfError {
  return new KerfError("payload_too_large", {
    message: `The body is larger than the ${maxBytes} bytes that this operation takes.`,
    fix: "Send less at once.",
  });
}

function unsupported(why: string): KerfError {
  return new KerfError("unsupported_media_type", {
    message: `The body cannot be read: ${why}.`,
    fix: 'Send "Content-Type: application/json", UTF-8, not compressed.',
  });
}
