import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TokenStatus } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { TokenStore } from "../tokens/token-store.ts";

const localNames = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Throws `forbidden` for a request that a browser may have been tricked into: one whose Host is not this machine's own name
 * (DNS rebinding) or whose Origin is another site.
 */
export function checkOrigin(request: IncomingMessage, port: number): void {
  const { host, origin } = request.headers;
  const local = hosts(port);
  if (host === undefined || !local.has(host.toLowerCase())) {
    throw new KerfError("forbidden", {
      message: "The Host header does not name this machine.",
      why: "The control API answers on this machine only; another name may be a web page's attempt to reach it.",
      fix: `Use http://127.0.0.1:${port}`,
    });
  }
  if (origin !== undefined && !local.has(origin.toLowerCase().replace(/^http:\/\//, ""))) {
    throw new KerfError("forbidden", {
      message: "Pages of other sites may not call the control API.",
      why: `The request comes from the origin ${origin.slice(0, 200)}.`,
      fix: "Call it from the command line, or from a page that it serves itself.",
    });
  }
}

function hosts(port: number): Set<string> {
  return new Set(
    [...localNames].flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])),
  );
}

/**
 * The narrowed token that the request carries; undefined for the platform's own. Throws `unauthenticated` unless it carries one of them; compared in
 * constant time.
 */
export function checkToken(
  request: IncomingMessage,
  token: string,
  narrowed: Pick<TokenStore, "find">,
): TokenStatus | undefined {
  const given = /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? "")?.[1];
  // Digests have one length, so that nothing can be learnt from the time that a comparison takes.
  if (given !== undefined && timingSafeEqual(digest(given), digest(token))) return undefined;
  const found = given === undefined ? undefined : narrowed.find(given);
  if (found !== undefined) return found;
  throw new KerfError("unauthenticated", {
    message:
      given === undefined
        ? "The control API needs its token."
        : "That is not the token of this platform.",
    fix: "Send the content of the file KERF_HOME/token as bearer token; the kerf command does so by itself, with another one by --token-file.",
  });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
