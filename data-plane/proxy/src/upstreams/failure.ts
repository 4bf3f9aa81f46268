import { KerfError } from "@kerf/kernel";

const timeouts = new Set(["UND_ERR_BODY_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT"]);

/** What went wrong with an attempt, as a client may be told. `sent`: whether a byte of the request may have been. */
export function attemptFailure(cause: Error, where: string, sent: boolean): KerfError {
  if (cause instanceof KerfError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? cause.name;
  if (code === "UND_ERR_INVALID_ARG") {
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
  if (timeouts.has(code))
    return new KerfError("deadline_exceeded", { message: `${where} fell silent.`, cause });
  if (cause.name === "HTTPParserError" || code === "UND_ERR_HEADERS_OVERFLOW")
    return new KerfError("protocol_error", {
      message: `${where} does not answer in HTTP/1.1 (${code}).`,
      cause,
    });
  return new KerfError("bad_gateway", {
    message: `${where} closed the connection before its answer was complete (${code}).`,
    cause,
  });
}
