import type { IncomingMessage, ServerResponse } from "node:http";
import type { Shaping } from "@kerf/call/http";
import { KerfError, type Principal } from "@kerf/kernel";
import type { AuthenticationMethod } from "@kerf/service";

/** What credentials proved. The same object for as long as a method remembers them, so that it is signed once. */
export interface Proven {
  readonly principal: Principal;
  /** What it goes by ({@link Identity}). */
  readonly credential?: string;
  /** Browsers send it by themselves ({@link Identity}). */
  readonly ambient?: boolean;
}

/** One way in which clients prove who they are. */
export interface Method {
  readonly name: AuthenticationMethod["method"];
  /** What a client without credentials can do: a sentence. */
  readonly hint: string;
  /** Whether the request brings credentials of this kind. It looks, and judges nothing. */
  brings(request: IncomingMessage): boolean;
  /**
   * Judges the credentials; asked only when the request brings some. May set cookies on the response.
   * @throws KerfError `unauthenticated`, `forbidden`, or `unavailable` when whoever must be asked is away
   */
  prove(request: IncomingMessage, response: ServerResponse): Proven | Promise<Proven>;
  /** First segments of the paths that it answers itself, which no contract may route then. */
  readonly paths?: readonly string[];
  /** Answers a request for one of its own paths, whole, as `shaping` lets it; says whether it was one. */
  answer?(request: IncomingMessage, response: ServerResponse, shaping: Shaping): boolean;
}

/** How far the clocks of two machines may be apart, seconds. */
export const skewS = 30;

/** Credentials that do not hold. Neither message nor log holds the credentials themselves. */
export function refused(message: string, fix: string, cause?: unknown): KerfError {
  return new KerfError("unauthenticated", { message, fix, cause });
}

/** A principal that nobody can change. @param prefix put before the subject */
export function principalOf(
  subject: string,
  claims: Readonly<Record<string, unknown>>,
  prefix = "",
): Principal {
  return Object.freeze({ subject: prefix + subject, claims: Object.freeze({ ...claims }) });
}
