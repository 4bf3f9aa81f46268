import { isFieldValue } from "./fields.ts";

/** A request for an upstream. */
export interface Http1Request {
  readonly method: string;
  /** Path and query string. */
  readonly target: string;
  /** Names in lower case and values in turn. Those that frame the request or are for its connection are left out: they are written here. */
  readonly fields: readonly string[];
  /** Nothing, all of it, or its pieces as they come. */
  readonly body: Buffer | AsyncIterable<Buffer> | null;
}

/** What a request holds that HTTP/1.1 does not allow; nothing of it was sent. */
export class UnsendableRequest extends Error {
  override readonly name = "UnsendableRequest";
}

/** How the body of a request is framed: by its length, in chunks, or not at all. */
export type RequestFraming = number | "chunked" | undefined;

// Visible ASCII and obs-text, as Node's parser lets them in.
const notInTarget = /[^\x21-\x7e\x80-\xff]/;
/** For these a length of nothing is said as well (RFC 9110, 8.6). */
const expectsBody: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
const writtenHere: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);

/** How the body of `request` is framed. A stream has the length that its fields say, or goes in chunks. */
export function requestFraming({ method, fields, body }: Http1Request): RequestFraming {
  if (body === null) return expectsBody.has(method) ? 0 : undefined;
  if (Buffer.isBuffer(body)) return body.length;
  const at = fields.indexOf("content-length");
  const length = at >= 0 && at % 2 === 0 ? Number(fields[at + 1]) : Number.NaN;
  return Number.isSafeInteger(length) && length >= 0 ? length : "chunked";
}

/**
 * The bytes of a request's head, one character each.
 * @param host sent unless the fields name one
 * @throws UnsendableRequest
 */
export function requestHeadText(
  { method, target, fields }: Http1Request,
  host: string,
  framing: RequestFraming,
): string {
  if (notInTarget.test(target)) throw new UnsendableRequest("the target");
  let hasHost = false;
  let lines = "";
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    if (writtenHere.has(name)) continue;
    if (name === "host") hasHost = true;
    if (!isFieldValue(value)) throw new UnsendableRequest(`the value of ${name}`);
    lines += `${name}: ${value}\r\n`;
  }
  const first = `${method} ${target} HTTP/1.1\r\n${hasHost ? "" : `host: ${host}\r\n`}`;
  const body =
    framing === undefined
      ? ""
      : framing === "chunked"
        ? "transfer-encoding: chunked\r\n"
        : `content-length: ${framing}\r\n`;
  return `${first}${lines}${body}connection: keep-alive\r\n\r\n`;
}
