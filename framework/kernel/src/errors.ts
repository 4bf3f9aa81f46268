/** Whether sending the same call again can help, and whether it is safe to. */
export type RetryMeaning =
  /** The operation was not executed: any call, commands included, may be sent again. */
  | "not-executed"
  /** It may or may not have been executed: only what is idempotent may be sent again. */
  | "unknown"
  /** Sending it again gives the same answer. */
  | "never";

/**
 * Every code that the platform itself gives an error; stable, part of the wire and of the HTTP API.
 * `status` is the HTTP status at the edge (RFC 9110), `retry` what the code means when nothing more is known.
 */
export const errorCodes = {
  invalid_input: { status: 400, retry: "never" },
  unauthenticated: { status: 401, retry: "never" },
  forbidden: { status: 403, retry: "never" },
  not_found: { status: 404, retry: "never" },
  unknown_operation: { status: 404, retry: "never" },
  method_not_allowed: { status: 405, retry: "never" },
  request_timeout: { status: 408, retry: "not-executed" },
  conflict: { status: 409, retry: "unknown" },
  key_in_flight: { status: 409, retry: "unknown" },
  key_reused: { status: 422, retry: "never" },
  payload_too_large: { status: 413, retry: "never" },
  unsupported_media_type: { status: 415, retry: "never" },
  rate_limited: { status: 429, retry: "not-executed" },
  headers_too_large: { status: 431, retry: "never" },
  cancelled: { status: 499, retry: "unknown" },
  internal: { status: 500, retry: "never" },
  invalid_output: { status: 500, retry: "never" },
  call_in_transaction: { status: 500, retry: "never" },
  not_here: { status: 503, retry: "not-executed" },
  overloaded: { status: 503, retry: "not-executed" },
  circuit_open: { status: 503, retry: "not-executed" },
  unavailable: { status: 503, retry: "unknown" },
  connection_lost: { status: 503, retry: "unknown" },
  protocol_error: { status: 502, retry: "unknown" },
  bad_gateway: { status: 502, retry: "unknown" },
  maintenance: { status: 503, retry: "not-executed" },
  deadline_exceeded: { status: 504, retry: "unknown" },
  invalid_contract: { status: 500, retry: "never" },
  invalid_app: { status: 500, retry: "never" },
  invalid_configuration: { status: 500, retry: "never" },
  not_ready: { status: 500, retry: "never" },
  migration_failed: { status: 500, retry: "never" },
  start_failed: { status: 500, retry: "never" },
} as const satisfies Record<string, { status: number; retry: RetryMeaning }>;

/** A code that the platform itself gives; services add their own with declared errors. */
export type ErrorCode = keyof typeof errorCodes;

/** What an error says beyond its code. */
export interface ErrorDetails {
  /** What happened, one sentence, for people. */
  message: string;
  /** Why it happened, as far as the thrower knows. */
  why?: string | undefined;
  /** What the reader can do about it. */
  fix?: string | undefined;
  /** Overrides the retry meaning of the code when the thrower knows more. */
  retry?: RetryMeaning | undefined;
  /** Structured facts for programs, JSON only; never secrets. */
  data?: unknown;
  /** The error underneath; stays in this process and in its log. */
  cause?: unknown;
  /** How long the callee asks to be left alone, in milliseconds (pushback). */
  retryAfterMs?: number | undefined;
}

/** An error as it crosses a boundary: JSON only, nothing that names a file or a secret. */
export interface ErrorShape {
  code: string;
  message: string;
  retry: RetryMeaning;
  declared?: true;
  why?: string;
  fix?: string;
  data?: unknown;
  retryAfterMs?: number;
}

/** The one error class of the platform: stable code, retry meaning, what happened, why, and what to do. */
export class KerfError extends Error {
  override readonly name: string = "KerfError";
  /** Stable code: one of {@link errorCodes}, or the name of a declared error. */
  readonly code: string;
  readonly retry: RetryMeaning;
  /** True when the contract of the operation declares this error: it is an answer, not a failure. */
  readonly declared: boolean = false;
  readonly why: string | undefined;
  readonly fix: string | undefined;
  readonly data: unknown;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode | (string & {}), details: ErrorDetails | string) {
    const given: ErrorDetails = typeof details === "string" ? { message: details } : details;
    super(given.message, given.cause === undefined ? undefined : { cause: given.cause });
    this.code = code;
    this.retry =
      given.retry ?? (code in errorCodes ? errorCodes[code as ErrorCode].retry : "never");
    this.why = given.why;
    this.fix = given.fix;
    this.data = given.data;
    this.retryAfterMs = given.retryAfterMs;
  }

  /** The error as it may cross a boundary. */
  toShape(): ErrorShape {
    return {
      code: this.code,
      message: this.message,
      retry: this.retry,
      ...(this.declared ? { declared: true as const } : undefined),
      ...(this.why === undefined ? undefined : { why: this.why }),
      ...(this.fix === undefined ? undefined : { fix: this.fix }),
      ...(this.data === undefined ? undefined : { data: this.data }),
      ...(this.retryAfterMs === undefined ? undefined : { retryAfterMs: this.retryAfterMs }),
    };
  }

  /** Rebuilds what came over a boundary; the stack starts here, where it arrived. */
  static fromShape(shape: ErrorShape): KerfError {
    return shape.declared === true
      ? new DeclaredError(shape.code, shape.data, shape.message)
      : new KerfError(shape.code, shape);
  }
}

/** An answer that the contract declares beside the output, such as `notFound`. */
export class DeclaredError<Code extends string = string, Data = unknown> extends KerfError {
  override readonly name = "DeclaredError";
  override readonly declared = true;
  declare readonly code: Code;
  declare readonly data: Data;

  constructor(code: Code, data: Data, message?: string) {
    super(code, { message: message ?? code, data, retry: "never" });
  }
}

/** Anything thrown, as a KerfError: what is unknown becomes `internal` and keeps its cause in this process only. */
export function toKerfError(thrown: unknown): KerfError {
  if (thrown instanceof KerfError) return thrown;
  return new KerfError("internal", {
    message: "The service failed while it handled this call.",
    fix: "Look for the trace id in the service's log: kerf logs SERVICE",
    cause: thrown,
  });
}

/** The HTTP status of a platform error; 500 for a code that is none of ours. */
export function httpStatusOf(code: string): number {
  return code in errorCodes ? errorCodes[code as ErrorCode].status : 500;
}

/** Everything thrown, in full and with its causes, for a log or a terminal; never for a client. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const lines: string[] = [];
  let current: unknown = thrown;
  for (let depth = 0; current instanceof Error && depth < 8; depth++, current = current.cause) {
    const label =
      current instanceof KerfError
        ? `${current.code}: ${current.message}`
        : (current.stack ?? String(current));
    lines.push(depth === 0 ? label : `caused by: ${label}`);
    if (current instanceof KerfError) {
      if (current.why !== undefined) lines.push(`  why: ${current.why}`);
      if (current.fix !== undefined) lines.push(`  fix: ${current.fix}`);
    }
  }
  return lines.join("\n");
}
