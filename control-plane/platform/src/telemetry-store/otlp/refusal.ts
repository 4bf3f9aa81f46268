import type { KerfError } from "@kerf/kernel";

/** What a sender is told of a request that was not kept. */
export interface Refusal {
  /** A sender knows by it whether to send the same again: 429, 502, 503 and 504 it does. */
  readonly http: number;
  /** The same for gRPC; `UNAVAILABLE` (14) is sent again. */
  readonly grpc: number;
  readonly message: string;
}

const unavailable = { http: 503, grpc: 14 } as const;
const kinds: Readonly<Record<string, { readonly http: number; readonly grpc: number }>> = {
  // RESOURCE_EXHAUSTED without a time to come back means: not this again.
  payload_too_large: { http: 413, grpc: 8 },
  not_found: { http: 404, grpc: 12 },
  internal: { http: 500, grpc: 13 },
};
const invalid = { http: 400, grpc: 3 } as const;

/** An error as senders are told of it; what is a fault of ours is not described to them. */
export function refusalOf(error: KerfError): Refusal {
  const { code, message, retry } = error;
  if (retry === "not-executed") return { ...unavailable, message };
  const kind = Object.hasOwn(kinds, code) ? kinds[code] : undefined;
  return { ...(kind ?? invalid), message: code === "internal" ? "internal error" : message };
}
