import type { Fields } from "./fields.ts";
import { MalformedResponse } from "./malformed-response.ts";

/** How the body of a response ends: after so many bytes, with its last chunk, or with its connection. */
export type ResponseFraming = number | "chunked" | "close";

const digits = /^[0-9]{1,15}$/;

/**
 * Where the body of a response ends (RFC 9112, 6.3). What two programs could read in two ways is refused instead: a length beside a transfer
 * coding, two lengths, codings that nobody asked for.
 * @param minor of its HTTP version
 * @throws MalformedResponse
 */
export function responseFraming(
  method: string,
  status: number,
  minor: number,
  fields: Fields,
): ResponseFraming {
  let length: number | undefined;
  let isChunked = false;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (name === "content-length") {
      // Twice the same could be taken for one (RFC 9110, 8.6); Node's parser and most others refuse it.
      if (length !== undefined) throw new MalformedResponse("two lengths");
      length = lengthOf(fields[i + 1] as string);
    } else if (name === "transfer-encoding") {
      // HTTP/1.0 has no codings: its programs find another end of the body (RFC 9112, 6.1).
      if (minor === 0) throw new MalformedResponse("a transfer coding in HTTP/1.0");
      if (isChunked || (fields[i + 1] as string).toLowerCase() !== "chunked")
        throw new MalformedResponse("a transfer coding other than chunked alone");
      isChunked = true;
    }
  }
  if (isChunked && length !== undefined)
    throw new MalformedResponse("a length beside a transfer coding");
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return 0;
  if (isChunked) return "chunked";
  return length ?? "close";
}

function lengthOf(text: string): number {
  if (digits.test(text)) return Number(text);
  throw new MalformedResponse("a length that is no number");
}
