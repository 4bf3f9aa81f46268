import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { Ingest } from "../ingest.ts";
import { partialSuccess } from "./partial-success.ts";
import { type Encoding, readBatch, type Signal } from "./signal.ts";

/** Largest body, packed and unpacked, bytes; SDKs send some 500 spans at once, ours some 4,000. */
const maxBodyBytes = 16_777_216;
/** Bodies that are read at once: with the bound above, what they take of memory. */
const maxBodies = 16;
/** Longest time that a sender may take for its request, milliseconds. */
const requestMs = 10_000;
const unzip = promisify(gunzip);

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
export function otlpServer(ingest: Ingest): Server {
  let bodies = 0;
  const server = createServer({ requestTimeout: requestMs }, (request, response) => {
    bodies++;
    answer(request, response, ingest, bodies)
      .catch((thrown: unknown) => refuse(response, toKerfError(thrown)))
      .finally(() => bodies--);
  });
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ingest: Ingest,
  bodies: number,
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
  if (bodies > maxBodies) {
    throw new KerfError("overloaded", {
      message: "Too many requests at once.",
      retry: "not-executed",
      retryAfterMs: 1_000,
    });
  }
  const { rejected, rows, why } = readBatch(signal, encoding, await bodyOf(request));
  await ingest.add(rows);
  const body = partialSuccess(encoding, signal, rejected, why);
  response.writeHead(200, { "content-type": type, "content-length": body.length }).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const coding = request.headers["content-encoding"] ?? "identity";
  if (coding !== "identity" && coding !== "gzip") {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(coding)} is no encoding that is understood.`,
      fix: "Send gzip, or nothing packed.",
    });
  }
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBodyBytes) throw tooLarge();
    pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  if (coding === "identity") return body;
  try {
    return await unzip(body, { maxOutputLength: maxBodyBytes });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    throw new KerfError("invalid_input", `The body is no gzip: ${(error as Error).message}`);
  }
}

function tooLarge(): KerfError {
  return new KerfError("payload_too_large", {
    message: `The body is larger than ${maxBodyBytes / 1_048_576} MiB.`,
    fix: "Send smaller batches.",
  });
}

/** A status by which a sender knows whether to send the same again: 429, 502, 503 and 504 it does. */
function refuse(response: ServerResponse, error: KerfError): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { code, message, retryAfterMs } = error;
  const again = error.retry === "not-executed";
  const status = again
    ? 503
    : code === "payload_too_large"
      ? 413
      : code === "not_found"
        ? 404
        : 400;
  const isOurs = code === "internal";
  const body = JSON.stringify({
    code: again ? 14 : 3,
    message: isOurs ? "internal error" : message,
  });
  response
    .writeHead(isOurs ? 500 : status, {
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
