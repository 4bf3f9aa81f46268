import type { EditedHeaders } from "./edited-headers.ts";
import { connectionNames, hopByHop } from "./hop-by-hop.ts";
import { type Fields, fieldOf } from "./http1/fields.ts";

/** Fields of which each line adds to the others. */
const lists: ReadonlySet<string> = new Set(["ratelimit", "ratelimit-policy", "set-cookie", "vary"]);

/** What the head of an answer is made with. */
export interface ResponseHeadOptions {
  readonly edits: EditedHeaders | undefined;
  /** Turns a `Location` of the upstream into one that the client can use. */
  readonly location: (location: string) => string;
  /** Headers of this gateway's own, names and values in turn: put after the upstream's lists, and in the place of all else. */
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
  const replaced = new Set<string>();
  for (let i = 0; i < own.length; i += 2)
    if (!lists.has(own[i] as string)) replaced.add(own[i] as string);
  const whole: string[] = [];
  for (let i = 0; i < head.length; i += 2) {
    // Twice the same would be read by some one way and by others another; browsers refuse it for CORS.
    if (!replaced.has(head[i] as string)) whole.push(head[i] as string, head[i + 1] as string);
  }
  for (const text of own) whole.push(text);
  return whole;
}
