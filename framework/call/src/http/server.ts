import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { KerfError } from "@kerf/kernel";
import { acceptQueueEmpty } from "./accept-queue.ts";
import { Front, type FrontProtocols } from "./front.ts";
import { http1Connections } from "./http1/connections.ts";
import { http2Sessions } from "./http2/sessions.ts";
import { portTaken } from "./port-taken.ts";

/** Bounds of an HTTP server (`defaults.md`: inbound HTTP). Milliseconds, unless the name says more. */
export interface HttpServerLimits {
  /** For the whole head to arrive, and for a TLS handshake. Default 10 000. */
  readonly headersMs?: number;
  /** For the whole request to arrive. Default 60 000. */
  readonly requestMs?: number;
  /** For an idle connection. Default 75 000: longer than clients and balancers keep theirs, so that they close first. */
  readonly keepAliveMs?: number;
  /** For a client that takes nothing of its answer. Default 60 000 (nginx's `send_timeout`). */
  readonly sendMs?: number;
  /** How often slow requests are looked for. Default 2 000. */
  readonly checkMs?: number;
  /** Default 10 000; more are closed as they come. */
  readonly maxConnections?: number;
}

/**
 * How long an idle connection stays open once the server drains, milliseconds: a client that sends on it at that moment gets
 * its answer, and word to close, instead of a reset.
 */
const idleGraceMs = 250;

/** Requests that may turn their connection into something else than HTTP. */
export interface Upgrades {
  /** Whether the request asks for what is offered. */
  accepts(request: IncomingMessage): boolean;
  /** Takes the request with its connection; `head` is what was read beyond it. The response still works, for refusals. */
  handler(request: IncomingMessage, response: ServerResponse, head: Buffer): void;
}

/** An HTTP server that listens. */
export interface HttpListener {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`, or `https:` while it serves TLS. */
  readonly url: string;
  /** Whether new connections come here. */
  readonly isListening: boolean;
  /** Lets go of the port; connections go on, and each closes with its next answer, so that its client need not guess. Resolves when the port is free. */
  pause(): Promise<void>;
  /** Takes the port again after {@link pause}. @throws KerfError `start_failed` */
  resume(): Promise<void>;
  /** Stops listening, lets requests finish for `ms` at most, closes idle connections a moment later, then all. Idempotent. */
  drain(ms: number): Promise<void>;
  /** Closes everything at once. */
  close(): Promise<void>;
}

/** What a server is made with. */
export interface HttpServerOptions {
  handler: (request: IncomingMessage, response: ServerResponse) => void;
  host: string;
  /** 0 takes any that is free. */
  port: number;
  /** Others of this user that say so too may listen on the port beside this one, and get a share of its connections (SO_REUSEPORT; not on every system). */
  reusePort?: boolean;
  limits?: HttpServerLimits;
  /** What may change the protocol of its connection. Without it nothing may: such requests are answered like all others. */
  upgrade?: Upgrades;
  /** What a connection may speak beside HTTP/1.1 in clear text; asked for each new one, so that a new certificate takes over at once. */
  protocols?: () => FrontProtocols;
}

/** Serves `handler`. @throws KerfError `start_failed` that says who has the port */
export async function listenHttp(options: HttpServerOptions): Promise<HttpListener> {
  const limits = options.limits ?? {};
  const http1 = http1Connections(options);
  const http2 = http2Sessions(options);
  const front = new Front({
    protocols: options.protocols ?? (() => ({})),
    handshakeMs: limits.headersMs ?? 10_000,
    http1: (socket) => http1.accept(socket),
    http2: (socket) => http2.accept(socket),
  });
  // Half-open, as Node's HTTP/1 server has it: what was written to somebody who ends still goes out. Who ends in the middle of an answer leaves.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    front.accept(socket),
  );
  server.maxConnections = limits.maxConnections ?? 10_000;
  let draining = false;

  const { reusePort = false } = options;
  await listen(server, { host: options.host, port: options.port, reusePort });
  const { address, port } = server.address() as AddressInfo;
  let stopping: { readonly stopped: Promise<void>; readonly closed: Promise<void> } | undefined;
  /** `stopped`: the port is free; `closed`: every connection has ended too. */
  const stopListening = (): { readonly stopped: Promise<void>; readonly closed: Promise<void> } => {
    if (stopping !== undefined) return stopping;
    const closed = Promise.withResolvers<void>();
    const stopped = acceptQueueEmpty(server).then(() => {
      server.close(() => closed.resolve());
    });
    stopping = { stopped, closed: closed.promise };
    return stopping;
  };
  const closeAll = (): void => {
    front.closeAll();
    http1.closeAll();
    http2.closeAll();
  };
  const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return {
    host: address,
    port,
    get url() {
      return `${front.isSecure ? "https" : "http"}://${place}`;
    },
    get isListening() {
      return server.listening;
    },
    async pause() {
      http1.lastAnswers(true);
      http2.sendAway();
      await stopListening().stopped;
    },
    async resume() {
      if (server.listening || draining) return;
      http1.lastAnswers(false);
      stopping = undefined;
      await listen(server, { host: address, port, reusePort });
    },
    async drain(ms) {
      draining = true;
      http1.lastAnswers(true);
      http2.sendAway();
      const done = stopListening().closed;
      const closeIdle = (): void => {
        front.closeAll();
        http1.closeIdle();
        http2.closeIdle();
      };
      // Once what has arrived is read: a request that waits in the system makes no connection look busy, and would be reset with it.
      const grace = setTimeout(() => setImmediate(closeIdle), Math.min(idleGraceMs, ms));
      const timer = setTimeout(closeAll, ms);
      await done;
      clearTimeout(grace);
      clearTimeout(timer);
      http1.stop();
    },
    async close() {
      draining = true;
      const { closed, stopped } = stopListening();
      closeAll();
      await stopped;
      // What was accepted in the last moment.
      closeAll();
      await closed;
      http1.stop();
    },
  };
}

async function listen(
  server: Server,
  { host, port, reusePort }: { host: string; port: number; reusePort: boolean },
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, reusePort }, () => {
        server.off("error", reject);
        resolve();
      });
    });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") throw await portTaken(host, port, cause);
    throw new KerfError("start_failed", {
      message: `Nothing can listen on ${host}:${port}${code === undefined ? "" : ` (${code})`}.`,
      fix:
        code === "EACCES"
          ? "Ports below 1024 are for privileged users: take a higher one."
          : "Take an address and port of this machine.",
      cause,
    });
  }
}
