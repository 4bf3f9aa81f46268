import { DeclaredError, type ErrorCode, KerfError, toKerfError } from "@kerf/kernel";
import { jsonCopy } from "../json/copy.ts";
import { receivedFrom } from "../outgoing/received-error.ts";

const maxMessageLength = 2_048;
/** Wrong fields that a refusal lists; the rest are most likely wrong in the same way. */
const maxFields = 50;

// What a handler may say with a KerfError of its own; everything else it throws is a failure of the service.
const own: ReadonlySet<string> = new Set<ErrorCode>([
  "invalid_input",
  "unauthenticated",
  "forbidden",
  "not_found",
  "conflict",
  "key_in_flight",
  "key_reused",
  "payload_too_large",
  "overloaded",
  "unavailable",
  "deadline_exceeded",
  "invalid_output",
  "call_in_transaction",
]);

// What a failed call of the handler says of this service: it cannot serve while the other one does not.
const dependency: ReadonlySet<string> = new Set<ErrorCode>([
  "unavailable",
  "connection_lost",
  "protocol_error",
  "not_here",
  "overloaded",
  "circuit_open",
]);

/**
 * What a handler threw, as it crosses the boundary: a new error that holds no stack, cause or object of the callee.
 *
 * - The errors that the operation declares have been dealt with; any other declared error is `internal`, because the
 *   caller's contract does not know it.
 * - An error that the handler received from a service that it called is never passed on as it is: its code and its
 *   retry meaning speak of that call. Unavailability stays unavailability, a passed deadline stays one, the rest is `internal`.
 * - "Not executed" becomes "unknown": this operation has begun.
 */
export function answerError(thrown: unknown, cancelled: KerfError | undefined): KerfError {
  if (cancelled !== undefined && (thrown === cancelled || isAbort(thrown)))
    return copyOf(cancelled);
  if (!(thrown instanceof KerfError)) return copyOf(toKerfError(thrown));
  const from = receivedFrom(thrown);
  if (from !== undefined) return failedDependency(thrown, from);
  if (thrown.declared || !own.has(thrown.code)) return copyOf(toKerfError(undefined));
  return copyOf(thrown, thrown.retry === "not-executed" ? "unknown" : thrown.retry);
}

/** A refusal of the inbound pipeline as it crosses the boundary: ours, but an input may have made it long. */
export function refusal(thrown: unknown): KerfError {
  const error = copyOf(toKerfError(thrown));
  const data = error.data as { fields?: unknown } | undefined;
  if (!Array.isArray(data?.fields) || data.fields.length <= maxFields) return error;
  return copyOf(error, error.retry, { ...data, fields: data.fields.slice(0, maxFields) });
}

/** A declared error as it crosses the boundary, its data passed through the declaration's schema already. */
export function declaredAnswer(thrown: DeclaredError, data: unknown): DeclaredError {
  return new DeclaredError(thrown.code, data, limited(thrown.message));
}

function failedDependency(error: KerfError, from: string): KerfError {
  if (dependency.has(error.code)) {
    return new KerfError("unavailable", {
      message: "A service that this operation needs is not available.",
      why: `${from} answered ${error.code}.`,
      fix: "Try again in a moment; the trace shows what failed.",
      retryAfterMs: error.retryAfterMs,
    });
  }
  if (error.code === "deadline_exceeded") {
    return new KerfError("deadline_exceeded", {
      message: "A service that this operation needs did not answer in time.",
      why: `${from} had a deadline of its own.`,
      fix: "Look at the trace for the slow part.",
    });
  }
  return copyOf(toKerfError(undefined));
}

function copyOf(error: KerfError, retry = error.retry, data = error.data): KerfError {
  return new KerfError(error.code, {
    message: limited(error.message),
    why: error.why === undefined ? undefined : limited(error.why),
    fix: error.fix === undefined ? undefined : limited(error.fix),
    retry,
    data: plain(data),
    retryAfterMs: error.retryAfterMs,
  });
}

function plain(data: unknown): unknown {
  try {
    return jsonCopy(data);
  } catch {
    return undefined;
  }
}

function limited(text: string): string {
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength - 1)}…`;
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}
