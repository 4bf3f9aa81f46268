import type { IncomingMessage } from "node:http";
import { type Fields, fieldOf } from "../upstreams/http1/fields.ts";

/** What a 304 says of the answer that the client has (RFC 9110, 15.4.5). */
const told: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "content-location",
  "date",
  "etag",
  "expires",
  "last-modified",
  "vary",
]);

/** Whether the client has this answer already (RFC 9110, 13.1.2 and 13.1.3). */
export function isUnchanged(request: IncomingMessage, status: number, fields: Fields): boolean {
  if (status !== 200) return false;
  const known = request.headers["if-none-match"];
  if (known !== undefined) {
    const etag = fieldOf(fields, "etag");
    if (known.trim() === "*") return true;
    return etag !== undefined && [...tagsOf(known)].includes(opaque(etag));
  }
  const since = request.headers["if-modified-since"];
  const modified = fieldOf(fields, "last-modified");
  if (since === undefined || modified === undefined) return false;
  return Date.parse(modified) <= Date.parse(since);
}

/** Whether two tags name the same answer, compared weakly. */
export function isSameTag(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

/** The fields of a 304 for an answer with `fields`. */
export function unchangedFields(fields: Fields): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (told.has(fields[i] as string)) kept.push(fields[i] as string, fields[i + 1] as string);
  }
  return kept;
}

function* tagsOf(list: string): Generator<string> {
  for (const [, tag = ""] of list.matchAll(/(?:^|,)\s*(?:W\/)?("[^"]*")/g)) yield tag;
}

function opaque(etag: string): string {
  return etag.startsWith("W/") ? etag.slice(2) : etag;
}
