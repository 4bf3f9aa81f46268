import { maxHeaderFields } from "../request-headers.ts";
import { hostFault } from "../request-framing.ts";
import { readFieldLine } from "./field-lines.ts";

/** Longest head, bytes: Node's parser has the same bound (`defaults.md`: inbound HTTP). */
const maxHeadBytes = 16_384;
const blankLine = Buffer.from("\r\n\r\n", "latin1");
/** By their first two letters: no two of them begin alike. */
const methods: ReadonlyMap<number, string> = new Map(
  ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => [
    method.charCodeAt(0) * 256 + method.charCodeAt(1),
    method,
  ]),
);
/** A path with what may follow it: visible ASCII without a fragment. */
const originForm = /^\/[!"$-~]*$/;
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
  /** Whether no field is one that only the platform may set. */
  readonly isScreened: boolean;
  /** Where the body begins, and where the request ends: both lie within the bytes. */
  readonly bodyAt: number;
  readonly end: number;
}

/** Fields without a prototype: no name of a field means anything to an object. */
const Fields = function (this: object) {} as unknown as new () => Record<string, string>;
Fields.prototype = Object.create(null);

/** The last one without fault: nearly always that of the next request, too. */
let lastHost = "";

/**
 * Reads a request that is there as a whole, of HTTP/1.1, with a body of known length or none, and in which no field comes
 * twice. Undefined for every other one: what is missing may still come, and whether it is a request at all is for
 * Node's parser to say. Takes nothing that llhttp would read in another way (`npm run fuzz -- --target http1-plain-requests` compares them).
 */
export function readPlainHead(bytes: Buffer, from: number): PlainHead | undefined {
  const blank = bytes.indexOf(blankLine, from);
  if (blank === -1 || blank - from > maxHeadBytes - blankLine.length) return undefined;
  // Every line of it ends like the others.
  const text = bytes.toString("latin1", from, blank + 2);

  const lineEnd = text.indexOf("\r\n");
  const method = methodOf(text);
  if (method === undefined || !text.startsWith(" HTTP/1.1", lineEnd - 9)) return undefined;
  const url = text.slice(method.length + 1, lineEnd - 9);
  if (!originForm.test(url)) return undefined;

  const headers = new Fields();
  const rawHeaders: string[] = [];
  let isScreened = true;
  for (let at = lineEnd + 2; at < text.length;) {
    const end = text.indexOf("\r\n", at);
    const field = readFieldLine(text.slice(at, end));
    if (field === undefined) return undefined;
    const { isPlatforms, name, raw, value } = field;
    if (isPlatforms) isScreened = false;
    if (unusual.has(name) || headers[name] !== undefined) return undefined;
    headers[name] = value;
    rawHeaders.push(raw, value);
    at = end + 2;
  }
  if (rawHeaders.length > 2 * maxHeaderFields) return undefined;
  const { connection, host } = headers;
  if (host === undefined) return undefined;
  if (host !== lastHost) {
    if (hostFault(host, url) !== undefined) return undefined;
    lastHost = host;
  }
  if (connection !== undefined && connection.toLowerCase() !== "keep-alive") return undefined;

  const bodyAt = blank + blankLine.length;
  const length = headers["content-length"];
  const end = length === undefined ? bodyAt : bodyAt + lengthOf(length);
  // More than there is, or no number.
  if (!(end <= bytes.length)) return undefined;
  return { method, url, headers, rawHeaders, isScreened, bodyAt, end };
}

/** The method that a request begins with, and a blank behind it; undefined for one that is rare. */
function methodOf(text: string): string | undefined {
  const method = methods.get(text.charCodeAt(0) * 256 + text.charCodeAt(1));
  return method !== undefined && text.startsWith(method) && text.charCodeAt(method.length) === 0x20
    ? method
    : undefined;
}

/** What a `Content-Length` says; NaN where it is not up to 15 digits. */
function lengthOf(text: string): number {
  if (text.length === 0 || text.length > 15) return Number.NaN;
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    length = length * 10 + digit;
  }
  return length;
}
