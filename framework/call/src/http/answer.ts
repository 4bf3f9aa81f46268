import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@kerf/kernel";
import { announcesBody } from "./body.ts";

/** Headers of every answer: nothing that an API answers is a page, a script, or for anybody else's cache. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

// An unread body up to here is cheaper to take in than a new connection.
const readOnBytes = 65_536;
// After an early answer the client may be in the middle of sending. Closing at once would reset the connection, and the
// answer with it: so we go on reading for a moment (nginx calls it lingering close).
const lingerMs = 2_000;
const lingerBytes = 16_777_216;
// Ours: a body up to here leaves with its head; copying more than this costs more than a write.
const oneWriteBytes = 16_384;

/** One complete answer. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent for an answer that has none. */
  readonly body?: string | Uint8Array | undefined;
}

/** Sends an answer; the connection stays usable, or is closed in such a way that the answer arrives. */
export function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  clock: Clock,
): void {
  if (response.headersSent || response.destroyed) return;
  const { status, body, headers } = answer;
  const length = body === undefined ? 0 : Buffer.byteLength(body);
  // Names and values in turn: an object for each answer would cost as much as all that is written of it.
  const fields: string[] = [];
  for (const name in securityHeaders)
    if (headers[name] === undefined) fields.push(name, securityHeaders[name] as string);
  for (const name in headers) fields.push(name, headers[name] as string);
  const isGrpc = headers["grpc-status"] !== undefined;
  if (body !== undefined || (status !== 204 && status !== 304 && !isGrpc))
    fields.push("content-length", String(length));
  // gRPC takes an answer without messages for one only when its head ends it.
  if (isGrpc) {
    for (let at = 0; at < fields.length; at += 2)
      response.setHeader(fields[at] as string, fields[at + 1] as string);
    response.end();
    return;
  }
  if (!leavesBodyUnread(request)) {
    const sent = inOneWrite(body);
    // Of ASCII alone, as most are, it is written without being transcoded.
    response.writeHead(status, fields).end(sent, length === sent?.length ? "latin1" : "utf8");
    return;
  }
  // Set, not only written: the server reads no further request once the answer under way closes.
  response.setHeader("connection", "close");
  response.writeHead(status, fields);
  if (body === undefined || request.method === "HEAD") response.flushHeaders();
  else response.write(body);
  let discarded = 0;
  const timer = clock.after(lingerMs, () => response.end());
  response.once("close", () => timer.cancel());
  request
    .on("data", (chunk: Buffer) => {
      discarded += chunk.length;
      if (discarded > lingerBytes) response.end();
    })
    .on("end", () => response.end())
    .on("error", () => {})
    .resume();
}

/** Few bytes as a text of as many characters: the server writes a text together with the head, and bytes after it, which costs more than the copy. */
function inOneWrite(body: Answer["body"]): Answer["body"] {
  if (!(body instanceof Uint8Array) || body.length > oneWriteBytes) return body;
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(body.buffer, body.byteOffset, body.length);
  return bytes.toString("latin1");
}

function leavesBodyUnread(request: IncomingMessage): boolean {
  // HTTP/2 ends one stream without the connection (`http2/response.ts`).
  if (request.httpVersionMajor > 1 || request.complete || !announcesBody(request)) return false;
  const length = Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY);
  // Whoever waits for "100 Continue" and gets a final answer may leave the body out: what comes next is not to be guessed.
  return length > readOnBytes || request.headers.expect !== undefined;
}
