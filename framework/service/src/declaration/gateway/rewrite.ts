/** How a request for an upstream, and its answer, differ from what the client sends and gets. */
export interface Rewrite {
  /** Takes the place of the route's literal prefix: `"/v1"` makes `/v1/a` of `/shop/a` with the route `/shop/*`, `"/"` makes it `/a`. */
  readonly prefix?: string;
  readonly request?: HeaderEdits;
  readonly response?: HeaderEdits;
}

/** Headers to change: first removed, then set (in the place of what was there), then appended. */
export interface HeaderEdits {
  readonly remove?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
  readonly append?: Readonly<Record<string, string>>;
}

const token = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/i;
const value = /^[\x20-\x7e]{0,4096}$/;
/** Those say how a message is framed or where it goes: the gateway's own business. */
const framing = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Whether `text` may be a header's name: nothing that could end it. */
export function isHeaderName(text: string): boolean {
  return token.test(text);
}

/** Whether `text` may be a header's value: visible ASCII and spaces, hence no line break that would begin another header. */
export function isHeaderValue(text: unknown): boolean {
  return typeof text === "string" && value.test(text);
}

/** What is wrong with a rewriting. */
export function rewriteProblems(where: string, rewrite: Rewrite = {}): string[] {
  const problems: string[] = [];
  const { prefix } = rewrite;
  if (prefix !== undefined && !/^\/(?:[a-z0-9._~!$&'()*+,;=:@-]|%[0-9a-f]{2}|\/)*$/i.test(prefix))
    problems.push(`${where}: rewrite.prefix ${JSON.stringify(prefix)} is no path such as "/v1"`);
  else if (prefix !== undefined && /(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(prefix))
    problems.push(`${where}: rewrite.prefix ${JSON.stringify(prefix)} has a segment "." or ".."`);
  for (const side of ["request", "response"] as const) {
    const { remove = [], set = {}, append = {} } = rewrite[side] ?? {};
    const at = `${where}: rewrite.${side}`;
    for (const name of [...remove, ...Object.keys(set), ...Object.keys(append)]) {
      if (!isHeaderName(name))
        problems.push(`${at}: ${JSON.stringify(name)} cannot be a header's name`);
      else if (framing.has(name.toLowerCase()))
        problems.push(
          `${at}: ${name} is the gateway's own${name.toLowerCase() === "host" ? '; use "host" of the upstream' : ""}`,
        );
    }
    for (const [name, text] of [...Object.entries(set), ...Object.entries(append)]) {
      if (!isHeaderValue(text))
        problems.push(`${at}: the value of ${name} is not one line of visible ASCII characters`);
    }
  }
  return problems;
}
