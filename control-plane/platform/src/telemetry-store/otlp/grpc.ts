import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { collect, maxBodyBytes, type Receiver, tooLarge, unpack } from "./receiver.ts";
import { refusalOf } from "./refusal.ts";
import type { Signal } from "./signal.ts";

/** Bytes before each message: whether it is compressed, and its length. */
const prefixBytes = 5;
/** Calls under way on one connection; a sender has a few. */
const maxStreams = 32;
/** Longest time that a call, and longest that a connection without one, may last. Milliseconds; SDKs send each five seconds or so. */
const callMs = 10_000;
const idleMs = 300_000;

const services: Readonly<Record<string, Signal>> = {
  "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces",
  "/opentelemetry.proto.collector.logs.v1.LogsService/Export": "logs",
  "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
};

/** Takes OTLP over gRPC (https://opentelemetry.io/docs/specs/otlp/#otlpgrpc): one message, one answer. Not listening yet. */
export function grpcServer(receiver: Receiver, clock: Clock): Http2Server {
  const server = createServer({ settings: { maxConcurrentStreams: maxStreams } });
  server.on("session", (session) => {
    session.setTimeout(idleMs, () => session.close());
    // What ends it, each call on it hears of as well.
    session.on("error", () => {});
  });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {
      // Its sender has gone, and sends again if it wants to.
    });
    const late = clock.after(callMs, () => stream.close(constants.NGHTTP2_CANCEL));
    stream.once("close", () => late.cancel());
    receiver
      .one(() => answer(stream, headers, receiver))
      .catch((thrown: unknown) => refuse(stream, toKerfError(thrown)));
  });
  return server;
}

async function answer(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  receiver: Receiver,
): Promise<void> {
  const path = headers[":path"] ?? "";
  const signal = Object.hasOwn(services, path) ? services[path] : undefined;
  if (signal === undefined) {
    throw new KerfError("not_found", {
      message: `There is no ${path}.`,
      fix: `Call one of: ${Object.keys(services).join(", ")}`,
    });
  }
  if (!/^application\/grpc(?:\+proto)?(?:;|$)/.test(headers["content-type"] ?? "")) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(headers["content-type"] ?? "")} is no content type of OTLP over gRPC.`,
      fix: "Send protobuf, as application/grpc.",
    });
  }
  // A stream that is too long still gets an answer.
  const pieces = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  const call = await collect(pieces, prefixBytes + maxBodyBytes);
  const body = await unpack(...messageIn(call, headers["grpc-encoding"]));
  const message = await receiver.keep(signal, "protobuf", body);
  if (stream.destroyed) return;
  const framed = Buffer.alloc(prefixBytes + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, prefixBytes);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(framed);
}

/** The only message of a call, and how it is packed. */
function messageIn(call: Buffer, encoding: unknown): [message: Buffer, coding: string] {
  const length = call.length < prefixBytes ? -1 : call.readUInt32BE(1);
  if (length > maxBodyBytes) throw tooLarge();
  if (length !== call.length - prefixBytes) {
    throw new KerfError("invalid_input", {
      message: "The call does not hold one message of gRPC.",
      fix: "Send one Export…ServiceRequest in each call.",
    });
  }
  const coding = call[0] === 0 ? "identity" : typeof encoding === "string" ? encoding : "";
  return [call.subarray(prefixBytes), coding];
}

/** A status alone, in the head: gRPC's way to say that there is no message. */
function refuse(stream: ServerHttp2Stream, error: KerfError): void {
  if (stream.destroyed) return;
  if (stream.headersSent) {
    stream.destroy();
    return;
  }
  const { grpc, message } = refusalOf(error);
  stream.respond(
    {
      ":status": 200,
      "content-type": "application/grpc",
      "grpc-status": String(grpc),
      "grpc-message": encodeURIComponent(message),
    },
    { endStream: true },
  );
  // What is left of the body is not read; a sender that has heard the status sends no more of it.
  let left = maxBodyBytes;
  stream.on("data", (piece: Buffer) => {
    left -= piece.length;
    if (left < 0) stream.close(constants.NGHTTP2_CANCEL);
  });
}
