import type { FieldProblem, OperationDescription } from "@kerf/contract";
import { type ErrorCode, errorCodes, KerfError, toKerfError } from "@kerf/kernel";

/** Problem details (RFC 9457) as Kerf's edges answer with them, and its clients read them. */
export interface Problem {
  /** `urn:kerf:error:CODE`, or `urn:kerf:error:SERVICE:CODE` for an error that the contract declares. */
  readonly type: string;
  /** The same for every problem of this type. */
  readonly title: string;
  readonly status: number;
  /** What happened this time. */
  readonly detail?: string;
  /** What the client can do about it. */
  readonly fix?: string;
  /** Stable: one of the platform's codes, or the name of a declared error. */
  readonly code: string;
  /** True when the contract of the operation declares this error. */
  readonly declared?: true;
  /** What the declared error carries. */
  readonly data?: unknown;
  /** The fields that are wrong with the input. */
  readonly errors?: readonly FieldProblem[];
  /** 32 hex digits; what the logs of every service on the way are found by. */
  readonly traceId: string;
}

/** A problem with the headers that go with it. */
export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the problem is about, as far as the edge got. */
export interface ProblemPlace {
  readonly traceId: string;
  readonly service?: string | undefined;
  readonly description?: OperationDescription | undefined;
  /** Whether the request brought credentials: a challenge then says what is wrong with them (RFC 6750, 3). */
  readonly credentials?: boolean | undefined;
  /** What the route takes, for 405. */
  readonly allow?: readonly string[] | undefined;
}

const titles: Partial<Record<ErrorCode, string>> = {
  invalid_input: "The request is not valid",
  unauthenticated: "Authentication is needed",
  forbidden: "Not allowed",
  not_found: "Not found",
  unknown_operation: "Not found",
  method_not_allowed: "Method not allowed",
  request_timeout: "The request took too long to arrive",
  conflict: "Conflict",
  key_in_flight: "A request with this key is being worked on",
  key_reused: "This key belongs to another request",
  payload_too_large: "The body is too large",
  unsupported_media_type: "The body is not JSON",
  rate_limited: "Too many requests",
  headers_too_large: "The head of the request is too large",
  cancelled: "The client left",
};

/** What clients are told about failures behind the edge: enough to act on, nothing of the inside. */
const failures: Partial<Record<ErrorCode, readonly [title: string, detail: string]>> = {
  not_here: ["Not available", "The service is moving. Nothing was done; send it again."],
  overloaded: [
    "Overloaded",
    "The service has too much to do. Nothing was done; send it again later.",
  ],
  circuit_open: [
    "Not available",
    "A service that this needs keeps failing. Nothing was done; send it again later.",
  ],
  unavailable: ["Not available", "A service that this needs does not answer."],
  connection_lost: [
    "Not available",
    "The connection to a service was lost. It may or may not have done its work.",
  ],
  protocol_error: [
    "Bad answer from a service",
    "A service answered with something that is not understood.",
  ],
  maintenance: [
    "Under maintenance",
    "This is being worked on. Nothing was done; send it again after the time in Retry-After.",
  ],
  bad_gateway: [
    "No complete answer",
    "The program behind closed the connection before its answer was there. It may or may not have done its work.",
  ],
  deadline_exceeded: [
    "No answer in time",
    "The time for this request ran out. It may or may not have been done.",
  ],
};

/** Anything thrown, as the client may see it: declared errors with their data, refusals in full, failures without insides. */
export function problemOf(thrown: unknown, place: ProblemPlace): ProblemAnswer {
  const error = toKerfError(thrown);
  const declared = error.declared ? place.description?.errors[error.code] : undefined;
  if (declared !== undefined) {
    return {
      problem: {
        type: `urn:kerf:error:${place.service ?? "app"}:${error.code}`,
        title: declared.message ?? error.code,
        status: declared.status,
        detail: error.message,
        code: error.code,
        declared: true,
        ...(error.data === undefined ? undefined : { data: error.data }),
        traceId: place.traceId,
      },
      headers: {
        ...retryAfter(error, declared.status),
        // RFC 9110, 15.5.2: whoever says 401 says how to authenticate.
        ...(declared.status === 401 ? { "www-authenticate": "Bearer" } : undefined),
      },
    };
  }
  // A declared error of some other operation is a bug of the service that let it through.
  const code = !error.declared && error.code in errorCodes ? (error.code as ErrorCode) : "internal";
  const { status } = errorCodes[code];
  const title = titles[code];
  if (title !== undefined) {
    const fields = fieldsOf(error);
    return {
      problem: {
        type: `urn:kerf:error:${code}`,
        title,
        status,
        detail: error.message,
        ...(error.fix === undefined ? undefined : { fix: error.fix }),
        code,
        ...(fields === undefined ? undefined : { errors: fields }),
        traceId: place.traceId,
      },
      headers: { ...retryAfter(error, status), ...hints(code, error, place) },
    };
  }
  const told = failures[code];
  return {
    problem: {
      type: `urn:kerf:error:${told === undefined ? "internal" : code}`,
      title: told?.[0] ?? "The service failed",
      status,
      detail:
        told?.[1] ??
        "Something went wrong that is not the client's fault. Name the trace id when you report it.",
      code: told === undefined ? "internal" : code,
      traceId: place.traceId,
    },
    headers: retryAfter(error, status),
  };
}

function fieldsOf(error: KerfError): readonly FieldProblem[] | undefined {
  if (error.code !== "invalid_input") return undefined;
  const fields = (error.data as { fields?: unknown } | undefined)?.fields;
  return Array.isArray(fields) ? (fields as FieldProblem[]) : undefined;
}

/** 503 always says when to come back, so that clients neither hammer nor give up. */
function retryAfter(error: KerfError, status: number): Record<string, string> {
  const ms = error.retryAfterMs ?? (status === 503 ? 1_000 : undefined);
  return ms === undefined ? {} : { "retry-after": String(Math.max(1, Math.ceil(ms / 1_000))) };
}

function hints(code: ErrorCode, error: KerfError, place: ProblemPlace): Record<string, string> {
  switch (code) {
    case "unauthenticated":
      return {
        "www-authenticate":
          place.credentials === true
            ? `Bearer error="invalid_token", error_description="${error.message.replaceAll(/[^\x20-\x7e]|["\\]/g, "'")}"`
            : "Bearer",
      };
    case "method_not_allowed":
      return { allow: (place.allow ?? []).join(", ") };
    case "unsupported_media_type":
      return { accept: "application/json", "accept-encoding": "identity" };
    default:
      return {};
  }
}
