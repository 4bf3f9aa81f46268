import { toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Send } from "../outgoing/client-stub.ts";

/** An answer to give when a service that one can do without has none. */
export type Fallback = (input: never) => unknown;

/**
 * `send`, with an answer of the caller's own for when the service cannot be had. Declared errors are answers and stay; so does the
 * end of the calling call itself, for which nobody waits any more.
 */
export function withFallback(
  send: Send,
  fallback: Fallback,
  place: { readonly name: string; readonly log: Logger },
): Send {
  return async (context, input, options) => {
    try {
      return await (send(context, input, options) as Promise<unknown>);
    } catch (thrown) {
      const error = toKerfError(thrown);
      if (error.declared || misused.has(error.code) || context.cancelled !== undefined) throw error;
      place.log.in(context.trace).debug(`${place.name} is answered by the caller's fallback`, {
        operation: place.name,
        code: error.code,
      });
      return await fallback(input as never);
    }
  };
}

// Mistakes of the caller, which a fallback would hide.
const misused: ReadonlySet<string> = new Set([
  "call_in_transaction",
  "forbidden",
  "invalid_input",
  "unauthenticated",
  "unknown_operation",
]);
