import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { KerfError, toKerfError } from "@kerf/kernel";
import { collect, maxBodyBytes, type Receiver, tooLarge, unpack } from "./receiver.ts";
import { refusalOf } from "./refusal.ts";
import type { Encoding, Signal } from "./signal.ts";

/** Longest time that a sender may take for its request, milliseconds. */
const requestMs = 10_000;

const signals: Readonly<Record<string, Signal>> = {
  "/v1/traces": "traces",
  "/v1/logs": "logs",
  "/v1/metrics": "metrics",
};
const encodings: Readonly<Record<string, Encoding>> = {
  "application/x-protobuf": "protobuf",
  "application/json": "json",
};

/** Takes OTLP over HTTP, in protobuf and in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp). Not listening yet. */
export function otlpServer(receiver: Receiver): Server {
  return createServer({ requestTimeout: requestMs }, (request, response) => {
    receiver
      .one(() => answer(request, response, receiver))
      .catch((thrown: unknown) => refuse(response, toKerfError(thrown)));
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  receiver: Receiver,
): Promise<void> {
  const path = new URL(request.url ?? "/", "http://store").pathname;
  const signal = Object.hasOwn(signals, path) ? signals[path] : undefined;
  if (signal === undefined) {
    throw new KerfError("not_found", {
      message: `Nothing is taken at ${path}.`,
      fix: `Send to one of: ${Object.keys(signals).join(", ")}`,
    });
  }
  if (request.method !== "POST") throw new KerfError("invalid_input", "OTLP is sent with POST.");
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
  const encoding = Object.hasOwn(encodings, type) ? encodings[type] : undefined;
  if (encoding === undefined) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(type)} is no content type of OTLP.`,
      fix: `Send one of: ${Object.keys(encodings).join(", ")}`,
    });
  }
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
  const coding = request.headers["content-encoding"] ?? "identity";
  const packed = await collect(request as AsyncIterable<Buffer>);
  const body = await receiver.keep(signal, encoding, await unpack(packed, coding));
  response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
}

function refuse(response: ServerResponse, error: KerfError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { grpc, http, message } = refusalOf(error);
  const body = JSON.stringify({ code: grpc, message });
  const { retryAfterMs } = error;
  response
    .writeHead(http, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      // What is left of the body is not read.
      connection: "close",
      ...(retryAfterMs === undefined
        ? undefined
        : { "retry-after": String(Math.ceil(retryAfterMs / 1_000)) }),
    })
    .end(body);
}
