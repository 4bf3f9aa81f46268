import type { IncomingHttpHeaders } from "node:http";
import type { EditedHeaders } from "./edited-headers.ts";
import { connectionNames, hopByHop } from "./hop-by-hop.ts";

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
  headers: IncomingHttpHeaders,
  { edits, location, own }: ResponseHeadOptions,
): string[] {
  const named = connectionNames(headers.connection);
  let head: string[] = [];
  for (const name in headers) {
    if (hopByHop.has(name) || named?.has(name) === true) continue;
    // RFC 9110, 8.6: an answer without content has no length.
    if (name === "content-length" && status === 204) continue;
    const value = headers[name] as string | string[];
    if (name === "location" && typeof value === "string") head.push(name, location(value));
    else if (typeof value === "string") head.push(name, value);
    else for (const one of value) head.push(name, one);
  }
  if (edits !== undefined) head = edits.apply(head);
  for (const text of own) head.push(text);
  return head;
}
