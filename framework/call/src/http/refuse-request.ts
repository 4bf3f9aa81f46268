import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type ErrorCode, KerfError, newTrace } from "@kerf/kernel";
import { securityHeaders } from "./answer.ts";
import { problemOf } from "./problem.ts";

const malformed: Partial<Record<string, readonly [ErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ["headers_too_large", "The head of the request is larger than 16 KiB."],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [
    "payload_too_large",
    "The chunk extensions are larger than 16 KiB.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "The request did not arrive in time."],
};

/** Whether the connection ends with this answer. */
export function closes(response: ServerResponse): boolean {
  return response.getHeader("connection") === "close" || !response.shouldKeepAlive;
}

/** Whether the body of such a request follows is not to be guessed: closes. */
export function refuseExpectation(response: ServerResponse): void {
  response.setHeader("connection", "close");
  response.writeHead(417, { ...securityHeaders, "content-length": 0 }).end();
}

/** Answers a request that has more than one meaning, and closes: what follows it may be its own body. */
export function refuseAmbiguous(response: ServerResponse, message: string): void {
  const { body, headers } = refusal(new KerfError("invalid_input", message));
  response.setHeader("connection", "close");
  response.writeHead(400, headers).end(body);
}

function refusal(error: KerfError): {
  status: number;
  headers: Record<string, string>;
  body: string;
} {
  const { problem } = problemOf(error, { traceId: newTrace().traceId });
  const body = JSON.stringify(problem);
  const headers = {
    ...securityHeaders,
    "content-type": "application/problem+json",
    "content-length": String(Buffer.byteLength(body)),
    "x-trace-id": problem.traceId,
  };
  return { status: problem.status, headers, body };
}

/** Answers what is not HTTP, where an answer cannot be taken for the answer to something else, and closes. */
export function refuseMalformed(
  error: NodeJS.ErrnoException,
  socket: Socket,
  current: ServerResponse | undefined,
): void {
  // The last answer of this connection is on its way already.
  if (current?.headersSent === true && closes(current)) {
    socket.destroySoon();
    return;
  }
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  // A request that has arrived whole is still being answered: these bytes are the next one's, which has no turn.
  if (current?.req.complete === true) {
    if (current.headersSent) socket.destroy();
    else current.setHeader("connection", "close");
    return;
  }
  const [code, message] = malformed[error.code ?? ""] ?? [
    "invalid_input",
    "The request is not HTTP/1.1 as RFC 9112 has it.",
  ];
  const { status, headers, body } = refusal(new KerfError(code, message));
  const head = Object.entries({ ...headers, connection: "close" }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.end(`HTTP/1.1 ${status} ${reasons[status] ?? "Error"}\r\n${head.join("")}\r\n${body}`);
  // Whoever goes on sending is not waited for.
  socket.once("finish", () => socket.destroySoon());
}

const reasons: Partial<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  413: "Payload Too Large",
  431: "Request Header Fields Too Large",
};
