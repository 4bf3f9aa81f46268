import type { IncomingMessage } from "node:http";
import { nodeHttp } from "@kerf/call/http";
import { KerfError } from "@kerf/kernel";
import type { ProgramAddress } from "./program-process.ts";

const http = nodeHttp();

/** Longest answer that is read whole, bytes; longer ones are streams. */
const maxAnswerBytes = 16_777_216;
/** How long an unused connection is kept, milliseconds: shorter than servers keep theirs (Node 5 s), the classic source of resets. */
const idleMs = 4_000;
/** Connections to one program; the inbound half's own limit is reached before (`defaults.md`: 1,024 in flight). */
const maxConnections = 1_024;

/** One request to the program. */
export interface ProgramRequest {
  readonly method: string;
  /** Path and query string. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** Plain HTTP/1.1 with the program, on connections that are kept. */
export class ProgramClient {
  readonly #agent = new http.Agent({
    keepAlive: true,
    timeout: idleMs,
    maxSockets: maxConnections,
  });
  readonly #address: ProgramAddress;

  constructor(address: ProgramAddress) {
    this.#address = address;
  }

  /** Resolves with the head of the answer; rejects with why there is none. */
  send({ method, target, headers, body, signal }: ProgramRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const sent = http.request({
        ...("port" in this.#address ? { host: "127.0.0.1", ...this.#address } : this.#address),
        agent: this.#agent,
        method,
        path: target,
        signal,
        headers: {
          host: "localhost",
          accept:
            "application/json, application/x-ndjson, text/event-stream, application/problem+json",
          ...headers,
          ...(body === undefined
            ? undefined
            : {
                "content-type": headers["content-type"] ?? "application/json",
                "content-length": String(Buffer.byteLength(body)),
              }),
        },
      });
      sent.once("response", resolve);
      sent.once("error", (cause: NodeJS.ErrnoException) => reject(failureOf(cause, signal)));
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The whole body of an answer. */
export async function bodyOf(answer: IncomingMessage, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) {
        throw new KerfError("protocol_error", {
          message: `The program's answer is larger than ${maxAnswerBytes} bytes.`,
          fix: "Answer in pages, or as a stream.",
        });
      }
      chunks.push(chunk);
    }
  } catch (thrown) {
    throw thrown instanceof KerfError ? thrown : failureOf(thrown as Error, signal);
  }
  return Buffer.concat(chunks);
}

/** What a connection that failed means for the call. */
export function failureOf(cause: NodeJS.ErrnoException, signal: AbortSignal): KerfError {
  if (signal.aborted && signal.reason instanceof KerfError) return signal.reason;
  const nobody = cause.code === "ECONNREFUSED" || cause.code === "ENOENT";
  return new KerfError("unavailable", {
    message: nobody
      ? "The program behind the sidecar does not listen."
      : "The connection to the program behind the sidecar broke.",
    why: cause.message,
    fix: "Look at what the program said last: kerf logs.",
    cause,
  });
}
