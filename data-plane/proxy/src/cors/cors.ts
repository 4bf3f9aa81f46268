import type { IncomingMessage } from "node:http";
import type { CorsSettings } from "@kerf/service";

/** How long browsers remember a preflight unless the app says, seconds; what Chromium took at most for years. */
const defaultMaxAgeS = 600;
/** What Kerf's clients send, and browsers' caches. */
const requestHeaders = [
  "authorization",
  "content-type",
  "idempotency-key",
  "if-none-match",
  "last-event-id",
  "traceparent",
  "tracestate",
];
/** What pages may read beside the body. */
const answerHeaders =
  "age, etag, ratelimit, ratelimit-policy, retry-after, traceresponse, x-trace-id";

const nothing: Readonly<Record<string, string>> = {};

/** Cross-origin resource sharing (Fetch, 3.2): which answers the pages of other origins may read. */
export class Cors {
  readonly #origins: ReadonlySet<string> | "any";
  readonly #credentials: boolean;
  readonly #headers: string;
  readonly #maxAgeS: string;

  constructor({ origins, credentials, headers, maxAgeS }: CorsSettings) {
    this.#origins = origins === "any" ? origins : new Set(origins);
    // Never for any origin: a page that nobody knows would act for whoever visits it.
    this.#credentials = credentials === true && origins !== "any";
    this.#headers = [...new Set([...requestHeaders, ...(headers ?? [])])].join(", ");
    this.#maxAgeS = String(maxAgeS ?? defaultMaxAgeS);
  }

  /** For every answer to this request. */
  fields(request: IncomingMessage): Readonly<Record<string, string>> {
    const { origin } = request.headers;
    // To everybody, also who asks from no other origin: a cache may give the same answer to one that does.
    if (this.#origins === "any")
      return { "access-control-allow-origin": "*", "access-control-expose-headers": answerHeaders };
    // Also when nobody is let in: a cache must not give this answer to an origin that is.
    const vary = { vary: "Origin" };
    if (origin === undefined || !this.#origins.has(origin)) return vary;
    return {
      ...vary,
      "access-control-allow-origin": origin,
      "access-control-expose-headers": answerHeaders,
      ...(this.#credentials ? { "access-control-allow-credentials": "true" } : undefined),
    };
  }

  /** For the answer to a preflight: what a path takes; undefined for any other request. @param allow its methods */
  preflight(
    request: IncomingMessage,
    allow: readonly string[],
  ): Readonly<Record<string, string>> | undefined {
    const { origin } = request.headers;
    if (request.headers["access-control-request-method"] === undefined || origin === undefined)
      return undefined;
    // Refused in words that browsers understand: by saying nothing of it.
    if (this.#origins !== "any" && !this.#origins.has(origin)) return nothing;
    return {
      "access-control-allow-methods": allow.join(", "),
      "access-control-allow-headers": this.#headers,
      "access-control-max-age": this.#maxAgeS,
    };
  }
}
