import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { announcesBody } from "../body.ts";
import { nodeHttp } from "../node-http.ts";
import { closes, refuseAmbiguous, refuseExpectation, refuseMalformed } from "../refuse-request.ts";
import { framingFault } from "../request-framing.ts";
import { maxHeaderFields } from "../request-headers.ts";
import type { HttpServerOptions } from "../server.ts";
import type { Http1Connections } from "./connections.ts";

/** Serves requests on Node's own strict parser. */
export function parsedConnections(options: HttpServerOptions): Http1Connections {
  const limits = options.limits ?? {};
  let last = false;
  let closingIdle = false;
  const answering = new WeakMap<Socket, ServerResponse>();

  const http = nodeHttp();
  const server = http.createServer({
    headersTimeout: limits.headersMs ?? 10_000,
    requestTimeout: limits.requestMs ?? 60_000,
    keepAliveTimeout: limits.keepAliveMs ?? 75_000,
    connectionsCheckingInterval: limits.checkMs ?? 2_000,
    maxHeaderSize: 16_384,
    insecureHTTPParser: false,
    // Asked for with the rest of the framing: Node's own refusal lets what is pipelined behind it through.
    requireHostHeader: false,
    // A handshake has no body; what would follow one could be read as the tunnel's or as the body's.
    shouldUpgradeCallback: (request) =>
      options.upgrade?.accepts(request) === true && !announcesBody(request),
  });
  // Node drops what is beyond its bound without a word: one more lets the edge see that there are too many.
  server.maxHeadersCount = maxHeaderFields + 1;
  // Connections without a byte in either direction for that long.
  server.timeout = limits.sendMs ?? 60_000;
  server.on("timeout", (socket) => {
    // A request that is being worked on has a bound of its own; whoever takes nothing of an answer has not.
    if (!answering.has(socket) || socket.writableLength > 0) socket.destroy();
  });
  // It never listens itself: slow requests are looked for from here on.
  server.emit("listening");

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const before = answering.get(request.socket);
    // After an answer that closes, nothing more on its connection is a request (RFC 9112, 9.6), though Node goes on parsing.
    if (before !== undefined && closes(before)) return;
    answering.set(request.socket, response);
    if (last) response.setHeader("connection", "close");
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
      // Node listens no more, and an error that nobody hears ends the process; that it is closed is heard below.
      socket.on("error", () => {});
      // Behind a request that is still being answered it has no turn, and nobody would keep the two answers apart.
      if (answering.has(socket as Socket)) {
        socket.destroy();
        return;
      }
      // The server has let go of the connection: it is ours to close.
      upgraded.add(socket as Socket);
      socket.once("close", () => upgraded.delete(socket as Socket));
      const response = new http.ServerResponse(request);
      response.shouldKeepAlive = false;
      response.assignSocket(socket as Socket);
      response.once("finish", () => socket.end());
      const fault = framingFault(request);
      if (fault === undefined) upgrade.handler(request, response, head);
      else refuseAmbiguous(response, `The request could be read in two ways: ${fault}.`);
    });
  }
  server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
    refuseMalformed(error, socket as Socket, answering.get(socket as Socket)),
  );
  return {
    accept: (socket) => void server.emit("connection", socket),
    lastAnswers: (are) => void (last = are),
    closeIdle() {
      closingIdle = true;
      server.closeIdleConnections();
    },
    closeAll() {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    },
    stop: () => void server.close(),
  };
}
