import { KerfError } from "@kerf/kernel";
import { ConnectionLost } from "./http1/connection-lost.ts";
import { MalformedResponse } from "./http1/malformed-response.ts";
import { UnsendableRequest } from "./http1/request-head.ts";

/** What went wrong with an attempt, as a client may be told. `sent`: whether a byte of the request may have been. */
export function attemptFailure(cause: Error, where: string, sent: boolean): KerfError {
  if (cause instanceof KerfError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? cause.name;
  if (cause instanceof UnsendableRequest) {
    return new KerfError("invalid_input", {
      message: "The request cannot be passed on: its head holds what HTTP/1.1 does not allow.",
      cause,
    });
  }
  if (!sent) {
    return new KerfError("unavailable", {
      message: `${where} does not accept a connection (${code}).`,
      fix: "Look whether it runs, and whether its address is right.",
      retry: "not-executed",
      cause,
    });
  }
  if (cause instanceof ConnectionLost && cause.code === "BODY_TIMEOUT")
    return new KerfError("deadline_exceeded", { message: `${where} fell silent.`, cause });
  if (cause instanceof MalformedResponse || cause.name === "HTTPParserError")
    return new KerfError("protocol_error", {
      message: `${where} does not answer in HTTP/1.1 (${code}).`,
      cause,
    });
  return new KerfError("bad_gateway", {
    message: `${where} closed the connection before its answer was complete (${code}).`,
    cause,
  });
}
