import type { EditedHeaders } from "./edited-headers.ts";
import { connectionNames, hopByHop } from "./hop-by-hop.ts";
import { type Fields, fieldOf } from "./http1/fields.ts";

/** What the head of an answer is made with. */
export interface ResponseHeadOptions {
  readonly edits: EditedHeaders | undefined;
  /** Turns a `Location` of the upstream into one that the client can use. */
  readonly location: (location: string) => string;
  /** Headers of this gateway's own, names and values in turn; put after the upstream's. */
  readonly own: readonly string[];
}

/** The head of an upstream's answer as the client gets it, names and values in turn. */
export function responseHead(
  status: number,
  fields: Fields,
  { edits, location, own }: ResponseHeadOptions,
): string[] {
  const named = connectionNames(fieldOf(fields, "connection"));
  let head: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
    if (hopByHop.has(name) || named?.has(name) === true) continue;
    // RFC 9110, 8.6: an answer without content has no length.
    if (name === "content-length" && status === 204) continue;
    head.push(name, name === "location" ? location(value) : value);
  }
  if (edits !== undefined) head = edits.apply(head);
  for (const text of own) head.push(text);
  return head;
}
