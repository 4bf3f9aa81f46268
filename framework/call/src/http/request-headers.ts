import type { IncomingMessage } from "node:http";
import { KerfError } from "@kerf/kernel";
import { PlainRequest } from "./http1/plain-request.ts";

/** Most header fields of one request (`defaults.md`: inbound HTTP; Envoy's 100). */
export const maxHeaderFields = 100;

// What only the platform or a proxy in front may say: who the caller is, as somebody else established it.
const platformOnly =
  /^(?:x-kerf-.*|x-forwarded-(?:user|email|groups|preferred-username|access-token|client-cert)|x-auth-request-.*|x-authenticated-.*|x-remote-.*|remote-user|x-client-cert.*|x-ssl-client-.*|ssl-client-.*)$/;
// Two of these mean two readers may believe two things.
const single = new Set(["host", "authorization", "content-type", "content-length"]);

/** Names in every spelling seen, with what they are; most requests bring the same ones. */
const known = new Map<string, ScreenedName>();
const maxKnownNames = 1_024;

interface ScreenedName {
  /** In lower case. */
  readonly name: string;
  readonly isSingle: boolean;
  readonly isPlatforms: boolean;
}

/**
 * Takes away the headers that only the platform may set and refuses what two programs could read in two ways.
 * @throws KerfError `headers_too_large` or `invalid_input`
 */
export function screenHeaders(request: IncomingMessage): void {
  if (request instanceof PlainRequest && request.isScreened) return;
  const raw = request.rawHeaders;
  if (raw.length > 2 * maxHeaderFields) {
    throw new KerfError("headers_too_large", {
      message: `The request has more than ${maxHeaderFields} header fields.`,
      fix: "Send fewer.",
    });
  }
  let seen: Set<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const { name, isSingle, isPlatforms } = screened(raw[i] as string);
    if (isSingle) {
      seen ??= new Set();
      if (seen.has(name)) {
        throw new KerfError("invalid_input", {
          message: `The header "${name}" comes twice.`,
          fix: "Send it once.",
        });
      }
      seen.add(name);
    } else if (isPlatforms) delete request.headers[name];
  }
}

/** Whether only the platform, or a proxy in front, may say this. @param name in lower case */
export function isPlatformOnly(name: string): boolean {
  return platformOnly.test(name);
}

function screened(spelling: string): ScreenedName {
  const before = known.get(spelling);
  if (before !== undefined) return before;
  const name = spelling.toLowerCase();
  const made = { name, isSingle: single.has(name), isPlatforms: isPlatformOnly(name) };
  if (known.size >= maxKnownNames) known.clear();
  known.set(spelling, made);
  return made;
}
