import type { IncomingMessage } from "node:http";
import type { KerfError } from "@kerf/kernel";
import type { Answer } from "./answer.ts";
import type { Identity } from "./edge.ts";
import type { Route } from "./route-table.ts";

/** What limits say to one request. */
export interface Verdict {
  /** For the answer, whatever it becomes. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why it goes no further; `rate_limited`. */
  readonly refusal?: KerfError | undefined;
}

/** How one request is held back and its answer shaped, by one configuration from beginning to end. */
export interface Shaping {
  /** Header fields of every answer to the request, refusals included. */
  fields(request: IncomingMessage): Readonly<Record<string, string>>;
  /** Header fields of the answer to OPTIONS on a path. @param allow the methods that the path takes */
  preflight(request: IncomingMessage, allow: readonly string[]): Readonly<Record<string, string>>;
  /**
   * Whether the request may go on. Asked twice: before its credentials are looked at, with no identity, and after.
   */
  admit(request: IncomingMessage, route: Route, identity: Identity | undefined): Verdict;
  /** The answer in the form in which it leaves; of a stream there is none. Never throws or rejects. */
  finish(
    request: IncomingMessage,
    answer: Answer,
    identity: Identity | undefined,
  ): Answer | Promise<Answer>;
}

/** Fields that are lists: those of several parts of the edge add up. */
const lists = new Set(["vary", "ratelimit", "ratelimit-policy"]);

/** Adds `more` to `fields`: lists grow, all else is replaced. */
export function mergeFields(
  fields: Record<string, string>,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const [name, value] of Object.entries(more)) {
    const before = fields[name];
    fields[name] = before === undefined || !lists.has(name) ? value : `${before}, ${value}`;
  }
  return fields;
}
