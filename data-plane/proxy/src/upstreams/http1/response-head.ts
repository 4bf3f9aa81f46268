import { type Fields, fieldOf, parseFields } from "./fields.ts";
import { MalformedResponse } from "./malformed-response.ts";
import { responseFraming, type ResponseFraming } from "./response-framing.ts";

/** The head of a response. */
export interface ResponseHead {
  readonly status: number;
  /** As the upstream says it; may be empty. */
  readonly reason: string;
  readonly fields: Fields;
  readonly framing: ResponseFraming;
  /** Whether its sender keeps the connection after it. */
  readonly keepsAlive: boolean;
  /** Milliseconds for which it says it keeps it. */
  readonly keepsAliveMs: number | undefined;
}

// Node's parser takes a status line without the space before an empty reason as well, and many programs send it.
const statusLine = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
const timeout = /(?:^|[,;\s])timeout\s*=\s*"?([0-9]{1,6})/i;

/**
 * Parses a head with the empty line that ends it.
 * @param method of the request that it answers
 * @throws MalformedResponse
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  const lineEnd = text.indexOf("\r\n");
  const match = statusLine.exec(text.slice(0, lineEnd));
  if (match === null) throw new MalformedResponse("no status line");
  const [, version, code, reason = ""] = match;
  const status = Number(code);
  const minor = Number(version);
  // Only HTTP/1.1 has answers before the answer (RFC 9110, 15.2).
  if (status < 200 && minor === 0) throw new MalformedResponse("an interim answer in HTTP/1.0");
  const fields = parseFields(text, lineEnd + 2, text.length - 2);
  const framing = responseFraming(method, status, minor, fields);
  const connection = fieldOf(fields, "connection")?.toLowerCase();
  const keepsAlive =
    connection === undefined || connection === "keep-alive"
      ? minor === 1 || connection !== undefined
      : names(connection, minor === 1 ? "close" : "keep-alive") !== (minor === 1);
  const kept = keepsAlive ? fieldOf(fields, "keep-alive") : undefined;
  const seconds = kept === undefined ? undefined : timeout.exec(kept)?.[1];
  return {
    status,
    reason,
    fields,
    framing,
    keepsAlive: keepsAlive && framing !== "close",
    keepsAliveMs: seconds === undefined ? undefined : Number(seconds) * 1_000,
  };
}

function names(list: string, option: string): boolean {
  return list.split(",").some((one) => one.trim() === option);
}
