import { isFieldName } from "./cors.ts";

/** What answers say of themselves, or the gateway of its connection: one wrong word breaks them. */
const own =
  /^(?:age|allow|connection|content-(?:encoding|length|type)|date|etag|keep-alive|ratelimit(?:-policy)?|retry-after|set-cookie|trailer|transfer-encoding|traceresponse|upgrade|vary|www-authenticate|x-trace-id|access-control-.*|x-kerf-.*)$/;

/** Everything that is wrong with the headers that a gateway adds to its answers. */
export function headersProblems(given: unknown): string[] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || Array.isArray(given))
    return ["headers must be { name: value }"];
  return Object.entries(given).flatMap(([name, value]) => {
    if (!isFieldName(name))
      return [`headers: ${JSON.stringify(name)} is no name of a header in small letters`];
    if (own.test(name)) return [`headers.${name} is the gateway's own to say`];
    return typeof value === "string" && /^[\x20-\x7e]{0,4096}$/.test(value)
      ? []
      : [`headers.${name} must be a text of at most 4096 printable ASCII characters`];
  });
}
