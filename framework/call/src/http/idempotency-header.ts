import type { IncomingMessage } from "node:http";
import type { OperationKind } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { clientKeyPrefix } from "../policies/idempotency-key.ts";

/** Longest key that a client may choose, in characters; a UUID has 36. */
const longest = 128;

/**
 * The key of a command from the header `Idempotency-Key`, quoted or not, in a namespace of the clients'. Undefined without one, and
 * for what only reads. Throws `invalid_input` for a key that is empty, too long or not printable ASCII.
 */
export function clientKey(request: IncomingMessage, kind: OperationKind): string | undefined {
  if (kind !== "command") return undefined;
  const header = request.headers["idempotency-key"];
  if (header === undefined) return undefined;
  const given = Array.isArray(header) ? header.join(", ") : header;
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given;
  if (key.length > 0 && key.length <= longest && /^[!-~]+$/.test(key)) return clientKeyPrefix + key;
  throw new KerfError("invalid_input", {
    message: "The Idempotency-Key cannot be used.",
    why: `It must have 1 to ${longest} printable ASCII characters without spaces.`,
    fix: "Send a UUID, a new one for each new request and the same one when the request is repeated.",
  });
}
