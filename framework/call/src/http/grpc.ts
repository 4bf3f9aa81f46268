import type { IncomingMessage } from "node:http";
import type { Answer } from "./answer.ts";
import type { Problem } from "./problem.ts";

/** By the status of HTTP; the numbers are gRPC's (`google.rpc.Code`). What is not here is 2, unknown. */
const codes: Readonly<Record<number, number>> = {
  400: 3, // invalid argument
  401: 16, // unauthenticated
  403: 7, // permission denied
  404: 12, // unimplemented
  405: 12,
  408: 4, // deadline exceeded
  409: 10, // aborted
  413: 8, // resource exhausted
  429: 8,
  431: 8,
  499: 1, // cancelled
  500: 13, // internal
  502: 14, // unavailable
  503: 14,
  504: 4,
};

/** Whether a request is gRPC's: HTTP/2, and its content type; gRPC-Web is another protocol. */
export function isGrpc({ headers, httpVersionMajor }: IncomingMessage): boolean {
  return (
    httpVersionMajor === 2 && /^application\/grpc(?:[+;].*)?$/i.test(headers["content-type"] ?? "")
  );
}

/** A problem as a client of gRPC reads it: all of it in the head, which is the only one (Trailers-Only). */
export function grpcAnswer(problem: Problem, headers: Readonly<Record<string, string>>): Answer {
  const message = problem.detail ?? problem.title;
  const { "retry-after": retryAfter } = headers;
  return {
    status: 200,
    headers: {
      "content-type": "application/grpc",
      "grpc-status": String(codes[problem.status] ?? 2),
      "grpc-message": percentEncoded(message),
      ...(retryAfter === undefined
        ? undefined
        : { "retry-after": retryAfter, "grpc-retry-pushback-ms": `${Number(retryAfter) * 1_000}` }),
    },
  };
}

/** As the protocol asks for: UTF-8, with visible ASCII but `%` as it is. */
export function percentEncoded(message: string): string {
  return [...Buffer.from(message)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
    )
    .join("");
}
