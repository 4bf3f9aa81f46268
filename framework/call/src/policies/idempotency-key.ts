import { createHash } from "node:crypto";
import { type CallContext, randomHex } from "@kerf/kernel";

/** Before the keys that clients choose, so that none of them is one of the platform's own, and the other way round. */
export const clientKeyPrefix = "client:";

/** Longer keys are folded, in characters: a header holds a key of a command far down in a chain of calls. */
const longestKey = 200;

/**
 * The key under which a command is sent, by all of its attempts. Below a command that has a key itself it follows from that one
 * and from the call's name, so that a command that is run again sends what it sent before.
 */
export function idempotencyKey(
  parent: CallContext,
  name: string,
  given: string | undefined,
): string {
  if (given !== undefined) return given;
  const above = parent.idempotencyKey;
  if (above === undefined) return `call:${randomHex(16)}`;
  const key = `${inner(above)}/${name}#${parent.countCall(name)}`;
  return key.length <= longestKey ? key : `call:${folded(key)}`;
}

/** What a client's key leads to is waited for like everything between services. */
function inner(key: string): string {
  return key.startsWith(clientKeyPrefix) ? `call:${key}` : key;
}

function folded(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
