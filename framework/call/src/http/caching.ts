import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Access } from "@kerf/contract";
import type { KeptAnswer } from "../policies/query-cache.ts";
import type { Answer } from "./answer.ts";

/**
 * The answer with what caches may do with it (RFC 9111): everybody's may be kept by all for as long as its query says; of an answer to one
 * user only that user's own cache may keep a copy, and must ask each time, since another user may have signed in there by then.
 */
export function cacheable(
  answer: Answer,
  { ageMs, ttlMs, for: whose }: KeptAnswer,
  access: Access,
): Answer {
  if (answer.body === undefined) return answer;
  const isPublic = whose === "everyone" && access === "public";
  return {
    ...answer,
    headers: {
      ...answer.headers,
      "cache-control": isPublic
        ? `public, max-age=${Math.floor(ttlMs / 1_000)}`
        : "private, no-cache",
      ...(isPublic ? { age: String(Math.floor(ageMs / 1_000)) } : undefined),
      etag: tagOf(answer.body),
    },
  };
}

/** The answer, or that it is what the client has (RFC 9110, 13.1.2). */
export function unlessUnchanged(request: IncomingMessage, answer: Answer): Answer {
  const { etag, ...headers } = answer.headers;
  const known = request.headers["if-none-match"];
  if (etag === undefined || known === undefined) return answer;
  const found = known === "*" ? etag : matching(known, etag);
  if (found === undefined) return answer;
  const { "content-type": _type, ...rest } = headers;
  // A tag of a compressed copy: the answer depends on what the client takes.
  const vary = found === etag ? undefined : { vary: "Accept-Encoding" };
  return { status: 304, headers: { ...rest, ...vary, etag: found } };
}

/** Strong: two bodies with the same one have the same bytes. 128 bits of SHA-256. */
function tagOf(body: string | Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
}

/** The tag of a list that names this body, plain or compressed. Compared weakly, as the field asks for. */
function matching(list: string, etag: string): string | undefined {
  for (const [, tag = ""] of list.matchAll(/(?:^|,)\s*(?:W\/)?("[^"]*")/g)) {
    if (tag.replace(/-(?:br|gzip)"$/, '"') === etag) return tag;
  }
  return undefined;
}
