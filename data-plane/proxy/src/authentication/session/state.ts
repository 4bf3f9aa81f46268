import type { Proven } from "../method.ts";

/** What a cookie says of a session. Times are milliseconds since 1970-01-01 UTC. */
export interface SessionState {
  readonly id: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly createdAt: number;
  readonly seenAt: number;
  readonly refreshToken?: string | undefined;
  /** Until when the provider's tokens hold; only with a refresh token. */
  readonly tokensUntil?: number | undefined;
}

/** A session as it came out of its cookie. */
export interface OpenedSession {
  readonly state: SessionState;
  readonly proven: Proven;
  /** Sealed with the newest key. */
  readonly newest: boolean;
}
