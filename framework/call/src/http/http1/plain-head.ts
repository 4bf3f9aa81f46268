import { maxHeaderFields } from "../request-headers.ts";
import { hostFault } from "../request-framing.ts";

/** Longest head, bytes: Node's parser has the same bound (`defaults.md`: inbound HTTP). */
const maxHeadBytes = 16_384;
/** Names of fields in every spelling seen, so that each is checked and lowered once. */
const maxKnownNames = 1_024;

const blankLine = Buffer.from("\r\n\r\n", "latin1");
const methods: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
]);
/** A path with what may follow it: visible ASCII without a fragment. */
const originForm = /^\/[!"$-~]*$/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const digits = /^\d{1,15}$/;
/** What changes how a request is framed or what its connection is, and a name that Node's own objects cannot hold. */
const unusual: ReadonlySet<string> = new Set([
  "__proto__",
  "expect",
  "http2-settings",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The head of a request that can be read in one way only. */
export interface PlainHead {
  readonly method: string;
  /** A path, and the query string behind it. */
  readonly url: string;
  /** By names in lower case; each came once. */
  readonly headers: Record<string, string>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: string[];
  /** Where the body begins, and where the request ends: both lie within the bytes. */
  readonly bodyAt: number;
  readonly end: number;
}

/** Fields without a prototype: no name of a field means anything to an object. */
const Fields = function (this: object) {} as unknown as new () => Record<string, string>;
Fields.prototype = Object.create(null);

const known = new Map<string, string>();

/**
 * Reads a request that is there as a whole, of HTTP/1.1, with a body of known length or none, and in which no field comes
 * twice. Undefined for every other one: what is missing may still come, and whether it is a request at all is for
 * Node's parser to say. Takes nothing that llhttp would read in another way (`npm run fuzz -- --target http1-plain-requests` compares them).
 */
export function readPlainHead(bytes: Buffer, from: number): PlainHead | undefined {
  const blank = bytes.indexOf(blankLine, from);
  if (blank === -1 || blank - from > maxHeadBytes - blankLine.length) return undefined;
  if (!isText(bytes, from, blank)) return undefined;
  // Every line of it ends like the others.
  const text = bytes.toString("latin1", from, blank + 2);

  const lineEnd = text.indexOf("\r\n");
  const afterMethod = text.indexOf(" ");
  const method = text.slice(0, afterMethod);
  if (!methods.has(method) || !text.startsWith(" HTTP/1.1", lineEnd - 9)) return undefined;
  const url = text.slice(afterMethod + 1, lineEnd - 9);
  if (!originForm.test(url)) return undefined;

  const headers = new Fields();
  const rawHeaders: string[] = [];
  for (let at = lineEnd + 2; at < text.length;) {
    const end = text.indexOf("\r\n", at);
    const colon = text.indexOf(":", at);
    if (colon === -1 || colon > end) return undefined;
    const raw = text.slice(at, colon);
    const name = known.get(raw) ?? learn(raw);
    if (name === undefined || unusual.has(name) || headers[name] !== undefined) return undefined;
    let first = colon + 1;
    let last = end;
    while (first < last && isBlank(text.charCodeAt(first))) first++;
    while (last > first && isBlank(text.charCodeAt(last - 1))) last--;
    const value = text.slice(first, last);
    headers[name] = value;
    rawHeaders.push(raw, value);
    at = end + 2;
  }
  if (rawHeaders.length > 2 * maxHeaderFields) return undefined;
  const { connection, host } = headers;
  if (host === undefined || hostFault(host, url) !== undefined) return undefined;
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;

  const bodyAt = blank + blankLine.length;
  const length = headers["content-length"];
  if (length === undefined) return { method, url, headers, rawHeaders, bodyAt, end: bodyAt };
  if (!digits.test(length)) return undefined;
  const end = bodyAt + Number(length);
  return end > bytes.length ? undefined : { method, url, headers, rawHeaders, bodyAt, end };
}

/** Whether all is visible ASCII, blanks, and lines that end as they must. */
function isText(bytes: Buffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x20 && byte <= 0x7e) continue;
    if (byte === 0x0d) {
      // What follows the last one is the line's end as well.
      if (bytes[++i] !== 0x0a) return false;
    } else if (byte !== 0x09) return false;
  }
  return true;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** The name in lower case; undefined when it is none. */
function learn(raw: string): string | undefined {
  if (!token.test(raw)) return undefined;
  const name = raw.toLowerCase();
  if (known.size >= maxKnownNames) known.clear();
  known.set(raw, name);
  return name;
}
