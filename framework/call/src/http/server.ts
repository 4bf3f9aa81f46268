import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import { type AddressInfo, Server as NetServer, type Socket } from "node:net";
import { KerfError } from "@kerf/kernel";
import { portTaken } from "./port-taken.ts";
import { closes, refuseAmbiguous, refuseExpectation, refuseMalformed } from "./refuse-request.ts";
import { framingFault } from "./request-framing.ts";
import { maxHeaderFields } from "./request-headers.ts";

/** Bounds of an HTTP server (`defaults.md`: inbound HTTP). Milliseconds, unless the name says more. */
export interface HttpServerLimits {
  /** For the whole head to arrive. Default 10 000. */
  readonly headersMs?: number;
  /** For the whole request to arrive. Default 60 000. */
  readonly requestMs?: number;
  /** For an idle connection. Default 75 000: longer than clients and balancers keep theirs, so that they close first. */
  readonly keepAliveMs?: number;
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
  /** `http://host:port`. */
  readonly url: string;
  /** Lets go of the port; connections go on, and each closes with its next answer, so that its client need not guess. */
  pause(): void;
  /** Takes the port again after {@link pause}. @throws KerfError `start_failed` */
  resume(): Promise<void>;
  /** Stops listening, lets requests finish for `ms` at most, closes idle connections a moment later, then all. Idempotent. */
  drain(ms: number): Promise<void>;
  /** Closes everything at once. */
  close(): Promise<void>;
}

/** Serves `handler` on Node's own strict parser. @throws KerfError `start_failed` that says who has the port. */
export async function listenHttp(options: {
  handler: (request: IncomingMessage, response: ServerResponse) => void;
  host: string;
  /** 0 takes any that is free. */
  port: number;
  limits?: HttpServerLimits;
  /** What may change the protocol of its connection. Without it nothing may: such requests are answered like all others. */
  upgrade?: Upgrades;
}): Promise<HttpListener> {
  const limits = options.limits ?? {};
  let draining = false;
  let paused = false;
  let closingIdle = false;
  const answering = new WeakMap<Socket, ServerResponse>();

  const server = createServer({
    headersTimeout: limits.headersMs ?? 10_000,
    requestTimeout: limits.requestMs ?? 60_000,
    keepAliveTimeout: limits.keepAliveMs ?? 75_000,
    connectionsCheckingInterval: limits.checkMs ?? 2_000,
    maxHeaderSize: 16_384,
    insecureHTTPParser: false,
    // Asked for with the rest of the framing: Node's own refusal lets what is pipelined behind it through.
    requireHostHeader: false,
    noDelay: true,
    shouldUpgradeCallback: (request) => options.upgrade?.accepts(request) ?? false,
  });
  // Node drops what is beyond its bound without a word: one more lets the edge see that there are too many.
  server.maxHeadersCount = maxHeaderFields + 1;
  server.maxConnections = limits.maxConnections ?? 10_000;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const before = answering.get(request.socket);
    // After an answer that closes, nothing more on its connection is a request (RFC 9112, 9.6), though Node goes on parsing.
    if (before !== undefined && closes(before)) return;
    answering.set(request.socket, response);
    if (draining || paused) response.setHeader("connection", "close");
    response.once("close", () => {
      if (answering.get(request.socket) === response && !closes(response))
        answering.delete(request.socket);
      // The connection counts as idle only after this event.
      if (closingIdle) setImmediate(() => server.closeIdleConnections());
    });
    const fault = framingFault(request);
    const { expect } = request.headers;
    // Node finds "100-continue" inside of other expectations, and reads on behind one that it refuses.
    if (expect !== undefined && expect.toLowerCase() !== "100-continue")
      refuseExpectation(response);
    else if (fault === undefined) options.handler(request, response);
    else refuseAmbiguous(response, `The request could be read in two ways: ${fault}.`);
  };
  server.on("request", onRequest);
  // The edge says "100 Continue" itself, once it wants the body.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  const upgraded = new Set<Socket>();
  const { upgrade } = options;
  if (upgrade !== undefined) {
    server.on("upgrade", (request, socket, head) => {
      // Behind a request that is still being answered it has no turn, and nobody would keep the two answers apart.
      if (answering.has(socket as Socket)) {
        socket.destroy();
        return;
      }
      // The server has let go of the connection: it is ours to close.
      upgraded.add(socket as Socket);
      socket.once("close", () => upgraded.delete(socket as Socket));
      const response = new ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket as Socket);
      response.once("finish", () => socket.end());
      const fault = framingFault(request);
      if (fault === undefined) upgrade.handler(request, response, head);
      else refuseAmbiguous(response, `The request could be read in two ways: ${fault}.`);
    });
  }
  const closeAll = (): void => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  };
  server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
    refuseMalformed(error, socket as Socket, answering.get(socket as Socket)),
  );

  await listen(server, options.host, options.port);
  const { address, port } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  // As a plain server: HTTP's own close ends idle connections, on which a client may be sending at this moment.
  const stopListening = (): Promise<void> =>
    (closed ??= new Promise((resolve) => NetServer.prototype.close.call(server, () => resolve())));
  return {
    host: address,
    port,
    url: `http://${address.includes(":") ? `[${address}]` : address}:${port}`,
    pause() {
      paused = true;
      void stopListening();
    },
    async resume() {
      if (server.listening || draining) return;
      paused = false;
      closed = undefined;
      await listen(server, address, port);
    },
    async drain(ms) {
      draining = true;
      const done = stopListening();
      const grace = setTimeout(
        () => {
          closingIdle = true;
          server.closeIdleConnections();
        },
        Math.min(idleGraceMs, ms),
      );
      const timer = setTimeout(closeAll, ms);
      await done;
      clearTimeout(grace);
      clearTimeout(timer);
    },
    async close() {
      draining = true;
      const done = stopListening();
      closeAll();
      await done;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port }, () => {
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
