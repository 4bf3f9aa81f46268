import type { IncomingMessage } from "node:http";
import type { Answer } from "./answer.ts";
import type { Shaping } from "./shaping.ts";

/** The answer to `OPTIONS`: which methods there are. */
export function optionsAnswer(allow: readonly string[]): Answer {
  return { status: 204, headers: { allow: allow.join(", ") } };
}

/** The answer to a browser's question whether a page may ask: it comes without credentials, and reads no body. */
export function preflightAnswer(
  request: IncomingMessage,
  shaping: Shaping | undefined,
  allow: readonly string[],
): Answer | undefined {
  if (request.method !== "OPTIONS") return undefined;
  const fields = shaping?.preflight(request, allow);
  if (fields === undefined) return undefined;
  const { status, headers } = optionsAnswer(allow);
  return { status, headers: { ...headers, ...fields } };
}
