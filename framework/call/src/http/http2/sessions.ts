import type { IncomingMessage, ServerResponse } from "node:http";
import {
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from "node:http2";
import type { Socket } from "node:net";
import { refuseAmbiguous, refuseExpectation, refuseLarge, refuseLate } from "../refuse-request.ts";
import { maxHeaderFields } from "../request-headers.ts";
import type { HttpServerOptions } from "../server.ts";
import { http2Fault } from "./framing.ts";
import { Http2Request, sessionSockets } from "./request.ts";
import { Http2Response } from "./response.ts";

/** Requests at a time on one connection (nginx's and Envoy's recommendation: 128 and 100). */
const maxStreams = 100;
/** Largest head, bytes, each field with 32 more (RFC 9113, 6.5.2; `defaults.md`: inbound HTTP). */
const maxHeadBytes = 16_384;
/** Requests that a client may take back at once, and a second: more is CVE-2023-44487, and ends the connection. nghttp2's are 1 000 and 33. */
const resets = { burst: 200, rate: 33 };
/** What frames that are none of a stream's may add up to before the connection ends. */
const maxInvalidFrames = 100;
/**
 * Buffers of one connection, megabytes. Node's 10 are less than a hundred answers of some 100 kB each, and whoever is beyond
 * gets no further request answered until some are sent.
 */
const maxSessionMegabytes = 64;
/** How long a client may take to hang up after the last answer, milliseconds. */
const hangUpMs = 1_000;
/** The last request that a client is told of while it may still begin others: all (RFC 9113, 6.8). */
const everyStream = 2 ** 31 - 1;

/** The connections of a server that speak HTTP/2. */
export interface Http2Sessions {
  /** Serves a connection that is open, in clear text or not. */
  accept(socket: Socket): void;
  /** Tells all clients to go on elsewhere; what is under way or on its way is answered. */
  sendAway(): void;
  /** Takes no further requests; each connection ends with its last answer. */
  closeIdle(): void;
  closeAll(): void;
}

/** Serves requests on nghttp2, each as if it had come in HTTP/1.1. */
export function http2Sessions(options: HttpServerOptions): Http2Sessions {
  const {
    headersMs = 10_000,
    requestMs = 60_000,
    keepAliveMs = 75_000,
    sendMs = 60_000,
  } = options.limits ?? {};
  /** With how many requests of each are under way. */
  const sessions = new Map<ServerHttp2Session, number>();
  const server = createServer({
    Http2ServerRequest: Http2Request as unknown as typeof Http2ServerRequest,
    Http2ServerResponse: Http2Response as unknown as typeof Http2ServerResponse,
    settings: {
      maxConcurrentStreams: maxStreams,
      maxHeaderListSize: maxHeadBytes,
      enablePush: false,
    },
    // With the pseudo headers, and one more that lets the edge see that there are too many.
    maxHeaderListPairs: maxHeaderFields + 6,
    maxSessionInvalidFrames: maxInvalidFrames,
    maxSessionRejectedStreams: maxStreams,
    maxSessionMemory: maxSessionMegabytes,
    streamResetBurst: resets.burst,
    streamResetRate: resets.rate,
  });

  const onRequest = (from: Http2ServerRequest, to: Http2ServerResponse): void => {
    const request = from as unknown as Http2Request;
    const { stream } = request;
    const response = to as unknown as ServerResponse;
    // Nothing of the answer went out for that long, though there is something.
    stream.setTimeout(sendMs, () => {
      if (stream.writableLength > 0) stream.close(constants.NGHTTP2_CANCEL);
    });
    if (!request.complete) {
      const late = setTimeout(() => {
        if (stream.headersSent) stream.close(constants.NGHTTP2_CANCEL);
        else refuseLate(response);
      }, requestMs);
      const arrived = (): void => clearTimeout(late);
      request.once("end", arrived);
      stream.once("close", arrived);
      longUploads.set(request, arrived);
    }
    const fault = http2Fault(request);
    // A client that has not agreed to the bound is not held to it by nghttp2.
    const isLarge = headBytes(request) > maxHeadBytes;
    const { expect } = request.headers;
    if (expect !== undefined && expect.toLowerCase() !== "100-continue")
      refuseExpectation(response);
    else if (isLarge) refuseLarge(response);
    else if (fault !== undefined)
      refuseAmbiguous(response, `The request could be read in two ways: ${fault}.`);
    else options.handler(request as unknown as IncomingMessage, response);
  };
  server.on("request", onRequest);
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  // Its session ends with it, and tells the client why.
  server.on("sessionError", () => {});

  /** Takes no further requests; the connection ends with its last answer, or soon after whether or not the client hangs up. */
  const end = (session: ServerHttp2Session): void => {
    if (!session.closed) session.close();
    if ((sessions.get(session) ?? 0) > 0) return;
    const socket = sessionSockets.get(session) as Socket;
    const timer = setTimeout(() => socket.destroy(), hangUpMs);
    socket.once("close", () => clearTimeout(timer));
  };
  server.on("session", (session) => {
    sessions.set(session, 0);
    const count = (by: number): number => {
      const open = (sessions.get(session) ?? 0) + by;
      sessions.set(session, open);
      return open;
    };
    // Bytes alone are no sign of life: frames that begin no request cost as much as silence.
    let idle = setTimeout(() => end(session), headersMs);
    session.on("stream", (stream) => {
      count(1);
      clearTimeout(idle);
      stream.once("close", () => {
        // Its connection may have closed before.
        if (!sessions.has(session) || count(-1) > 0) return;
        if (session.closed) end(session);
        else idle = setTimeout(() => end(session), keepAliveMs);
      });
    });
    sessionSockets.get(session)?.once("close", () => {
      clearTimeout(idle);
      sessions.delete(session);
    });
  });
  return {
    accept(socket) {
      const onSession = (session: ServerHttp2Session): void =>
        void sessionSockets.set(session, socket);
      // Requests come later than their session, which comes at once.
      server.prependOnceListener("session", onSession);
      server.emit("connection", socket);
      server.off("session", onSession);
    },
    sendAway() {
      for (const session of sessions.keys())
        if (!session.closed) session.goaway(constants.NGHTTP2_NO_ERROR, everyStream);
    },
    closeIdle() {
      for (const session of sessions.keys()) end(session);
    },
    closeAll() {
      for (const session of sessions.keys()) {
        session.destroy();
        sessionSockets.get(session)?.destroy();
      }
    },
  };
}

const longUploads = new WeakMap<object, () => void>();

/** Lets a request take as long as it likes to arrive: its body is a stream of messages. Without effect on HTTP/1. */
export function allowLongUpload(request: IncomingMessage): void {
  longUploads.get(request)?.();
}

function headBytes({ rawHeaders, url }: Http2Request): number {
  let bytes = url.length;
  for (const text of rawHeaders) bytes += text.length + 16;
  return bytes;
}
