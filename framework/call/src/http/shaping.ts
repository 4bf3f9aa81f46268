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

/** What a request is for and who sends it, as limits name them. */
export interface Shaped {
  /** The operation; undefined for a path that no contract answers, and as long as a foreign route decides. */
  readonly route: Route | undefined;
  /** The foreign route as it is declared, also when it left the request to the operation. */
  readonly foreign: string | undefined;
  /** Undefined as long as the credentials were not looked at. */
  readonly identity: Identity | undefined;
}

/** How one request is held back and its answer shaped, by one configuration from beginning to end. */
export interface Shaping {
  /** Header fields of every answer to the request, refusals included. */
  fields(request: IncomingMessage): Readonly<Record<string, string>>;
  /**
   * Header fields of the answer to OPTIONS on a path; undefined when it is no browser's question that is answered here.
   * @param allow the methods that the path takes
   */
  preflight(
    request: IncomingMessage,
    allow: readonly string[],
  ): Readonly<Record<string, string>> | undefined;
  /**
   * Whether the request may go on. Asked twice: before its credentials are looked at, with no identity, and after. A foreign
   * route asks for the first time without an operation; when it leaves the request to one, what counted it then does not count it
   * again.
   */
  admit(request: IncomingMessage, shaped: Shaped): Verdict | undefined;
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
  for (const name in more) {
    const value = more[name] as string;
    const before = fields[name];
    fields[name] = before === undefined || !lists.has(name) ? value : `${before}, ${value}`;
  }
  return fields;
}
