import type { IncomingMessage, ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { nodeHttp } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";

const http = nodeHttp();

/** For a connection to a host outside to come about, milliseconds. */
const connectMs = 5_000;
/** Silence after which a tunnel is closed, milliseconds. */
const idleMs = 300_000;
/** Most connections at once. */
const maxTunnels = 256;

/** Headers of the hop to the proxy (RFC 9110, 7.6.1), and what only we are told. */
const hopByHop =
  /^(?:connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|x-kerf-.*)$/;

/** The program's way to hosts outside of the app: to those that its declaration allows, and to no other. */
export class Egress {
  readonly #allowed: ReadonlySet<string>;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: maxTunnels });
  readonly #tunnels = new Set<Socket>();

  /** @param allowed `host` for the ports 80 and 443, or `host:port` */
  constructor(allowed: readonly string[]) {
    this.#allowed = new Set(
      allowed
        .map((host) => host.toLowerCase())
        .flatMap((host) => (/:\d+$/.test(host) ? [host] : [`${host}:80`, `${host}:443`])),
    );
  }

  /** Passes a plain request on. Throws `forbidden`. */
  forward(
    request: IncomingMessage,
    response: ServerResponse,
    { host, target }: { readonly host: string; readonly target: string },
  ): void {
    const place = withPort(host, 80);
    if (!this.#allowed.has(place)) throw refused(host);
    const [hostname, port] = split(place);
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !hopByHop.test(name)),
    );
    const onward = http.request({
      agent: this.#agent,
      hostname,
      port,
      method: request.method,
      path: target,
      headers: { ...headers, host },
      timeout: idleMs,
    });
    onward.once("response", (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.test(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept) as never);
      answer.pipe(response);
      answer.once("error", () => response.destroy());
    });
    onward.once("timeout", () => onward.destroy(new Error(`silent for ${idleMs} ms`)));
    onward.once("error", (cause) => {
      if (response.headersSent) return response.destroy();
      response.writeHead(502, { "content-type": "text/plain" }).end(`${host}: ${cause.message}\n`);
    });
    response.once("close", () => onward.destroy());
    request.pipe(onward);
  }

  /** Answers CONNECT: `may` says whether whoever asks is let in at all. */
  tunnel(request: IncomingMessage, socket: Socket, head: Buffer, may: boolean): void {
    const place = withPort((request.url ?? "").toLowerCase(), 443);
    socket.on("error", () => socket.destroy());
    if (!may || !this.#allowed.has(place) || this.#tunnels.size >= maxTunnels) {
      const status = may && this.#allowed.has(place) ? "503 Service Unavailable" : "403 Forbidden";
      socket.end(
        `HTTP/1.1 ${status}\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${refused(place).message}\n`,
      );
      return;
    }
    const [host, port] = split(place);
    const onward = connect({ host, port, timeout: connectMs });
    const close = (): void => {
      onward.destroy();
      socket.destroy();
      this.#tunnels.delete(onward);
    };
    this.#tunnels.add(onward);
    onward.once("connect", () => {
      onward.setTimeout(idleMs);
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    onward.once("timeout", close).once("error", close).once("close", close);
    socket.once("close", close);
  }

  close(): void {
    this.#agent.destroy();
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }
}

function withPort(host: string, port: number): string {
  return /:\d+$/.test(host) ? host : `${host}:${port}`;
}

function split(place: string): [host: string, port: number] {
  const at = place.lastIndexOf(":");
  return [place.slice(0, at).replaceAll(/^\[|\]$/g, ""), Number(place.slice(at + 1))];
}

function refused(host: string): KerfError {
  return new KerfError("forbidden", {
    message: `The program may not reach ${host}.`,
    why: "It is no service that the declaration names in uses, and no host that it allows.",
    fix: "Add it: external(…, { uses: { … } }) for a service of the app, or allow: [HOST] for a host outside.",
  });
}
