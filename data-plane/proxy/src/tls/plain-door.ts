import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { type HttpListener, listenHttp } from "@kerf/call/http";
import type { AcmeSettings } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";

/** Where authorities ask (RFC 8555, 8.3), and what a token of theirs may be: nothing that is a path. */
const challenge = /^\/\.well-known\/acme-challenge\/([\w-]{1,128})$/;
/** Nobody stays here: a request, an answer, milliseconds. */
const limits = { headersMs: 5_000, requestMs: 5_000, keepAliveMs: 5_000, maxConnections: 1_000 };

/** What a plain door is made with. */
export interface PlainDoorOptions {
  readonly host: string;
  /** Other copies of the gateway listen there too. */
  readonly reusePort: boolean;
  readonly acme: AcmeSettings;
  /** Where the platform puts what authorities are to read. */
  readonly folder: string;
  readonly log: Logger;
}

/** Where a gateway's plain door is. */
export function plainPortOf({ httpPort = 80 }: AcmeSettings): number {
  return httpPort;
}

/**
 * The gateway's port in clear text: tells an authority what the platform has put there for it, and sends everybody else to https. Undefined
 * where this user may not have the port: clients are served all the same. @throws KerfError `start_failed` when somebody has it
 */
export async function openPlainDoor(options: PlainDoorOptions): Promise<HttpListener | undefined> {
  const { acme, folder, host, log, reusePort } = options;
  const port = plainPortOf(acme);
  const handler = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url?.split("?")[0] ?? "";
    const token = challenge.exec(path)?.[1];
    if (token === undefined) redirect(acme, request, response);
    else void answer(join(folder, "challenges", token), response);
  };
  try {
    return await listenHttp({ host, port, reusePort, handler, limits });
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code !== "EACCES") throw error;
    log.error("no certificate can be ordered: this user may not listen on the plain port", {
      port,
      error,
      fix: "Let it (sysctl net.ipv4.ip_unprivileged_port_start=80), or set tls.acme.httpPort and have port 80 forwarded there.",
    });
    return undefined;
  }
}

async function answer(file: string, response: ServerResponse): Promise<void> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  response.writeHead(text === undefined ? 404 : 200, { "content-type": "text/plain" });
  response.end(text ?? "Nothing is being proved with this token.\n");
}

/** To one of our own names: what a client says of the host must not lead others elsewhere. */
function redirect(
  { domains, publicPort = 443 }: AcmeSettings,
  { headers, url = "/" }: IncomingMessage,
  response: ServerResponse,
): void {
  const asked = headers.host?.replace(/:\d+$/, "").toLowerCase() ?? "";
  const name = domains.includes(asked) ? asked : (domains[0] as string);
  const port = publicPort === 443 ? "" : `:${publicPort}`;
  const path = url.startsWith("/") ? url : "/";
  response.writeHead(308, { location: `https://${name}${port}${path}`, "content-length": 0 });
  response.end();
}
