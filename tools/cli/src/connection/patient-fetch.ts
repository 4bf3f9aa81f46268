import { request } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";

/**
 * `fetch` without a bound of its own. Node's gives up when an answer has not begun after five minutes (undici's `headersTimeout`), and a change may take
 * longer: copies that start slowly, a canary that is watched, a large database that is moved. Each call brings its deadline.
 */
export function patientFetch(
  target: string | URL | Request,
  { body, headers, method, signal }: RequestInit = {},
): Promise<Response> {
  const url = target instanceof Request ? target.url : target;
  const { promise, reject, resolve } = Promise.withResolvers<Response>();
  const asked = {
    method: method ?? "GET",
    headers: Object.fromEntries(new Headers(headers)),
    ...(signal == null ? undefined : { signal }),
  };
  const asking = request(url, asked, (answer) => {
    const { statusCode: status = 0, statusMessage: statusText = "" } = answer;
    const told = Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    );
    // These statuses have no body, and a response must not be given one.
    const isEmpty = status === 204 || status === 304;
    if (isEmpty) answer.resume();
    const content = isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
    resolve(new Response(content, { status, statusText, headers: told }));
  });
  // As `fetch` says it: what happened to the connection is the cause.
  asking.once("error", (cause) => reject(new TypeError("fetch failed", { cause })));
  asking.end(typeof body === "string" ? body : undefined);
  return promise;
}
