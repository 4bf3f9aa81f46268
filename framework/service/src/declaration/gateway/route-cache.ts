import { checkNumber } from "./bounds.ts";
import { isHeaderName } from "./rewrite.ts";
import type { RouteSettings } from "./routes.ts";

/**
 * Keeps answers of an upstream for as long as it says itself (RFC 9111, as a shared cache). `{}` takes every default. Each process of the
 * gateway keeps its own; a change of the route, or of its upstreams, begins anew.
 */
export interface RouteCache {
  /** Answers at most, those that were not asked for longest go first. Default 1 000. */
  readonly maxAnswers?: number;
  /** All answers together, heads and keys included; bytes. Default 32 MiB. */
  readonly maxBytes?: number;
  /** Body of one answer; a larger one passes through. Bytes. Default 1 MiB. */
  readonly maxAnswerBytes?: number;
  /**
   * Headers of requests that the upstream may answer by, beside `accept`, `accept-encoding` and `accept-language`: it is asked with these and no
   * others, and each value has an answer of its own. In small letters. Default: none.
   */
  readonly headers?: readonly string[];
  /** Requests with cookies: passed on and never kept (`pass`, the default), or asked for without them (`ignore`). */
  readonly cookies?: "pass" | "ignore";
}

/** For one connection, for the gateway itself, or with a rule of their own: none of them tells answers apart. */
const unkeyed: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "cookie",
  "expect",
  "forwarded",
  "host",
  "range",
  "te",
  "traceparent",
  "tracestate",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

/** What is wrong with it. */
export function routeCacheProblems(where: string, { cache, mirror, to }: RouteSettings): string[] {
  if (cache === undefined) return [];
  const problems: string[] = [];
  checkNumber(problems, `${where}: cache.maxAnswers`, cache.maxAnswers, [1, 1_000_000]);
  checkNumber(problems, `${where}: cache.maxBytes`, cache.maxBytes, [1_024, 17_179_869_184]);
  checkNumber(problems, `${where}: cache.maxAnswerBytes`, cache.maxAnswerBytes, [1, 67_108_864]);
  const { headers = [], cookies } = cache;
  for (const name of headers) {
    if (!isHeaderName(name) || name !== name.toLowerCase())
      problems.push(
        `${where}: cache.headers: ${JSON.stringify(name)} is no header's name in small letters`,
      );
    else if (unkeyed.has(name) || name.startsWith("if-"))
      problems.push(`${where}: cache.headers: answers cannot be told apart by ${name}`);
  }
  if (headers.length > 16)
    problems.push(`${where}: cache.headers names ${headers.length} headers; it takes up to 16`);
  if (cookies !== undefined && cookies !== "pass" && cookies !== "ignore")
    problems.push(
      `${where}: cache.cookies must be "pass" or "ignore", not ${JSON.stringify(cookies)}`,
    );
  if (mirror !== undefined)
    problems.push(
      `${where}: cache and mirror: what is kept is not asked for; leave one of them out`,
    );
  const sides = typeof to === "object" && "split" in to ? to.split : [{ to }];
  if (sides.every((side) => side.to === "services"))
    problems.push(
      `${where}: cache is for upstreams, and none of its targets is one; a query says in its contract how it is kept`,
    );
  return problems;
}
