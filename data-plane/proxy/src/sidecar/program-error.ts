import type { IncomingMessage } from "node:http";
import type { Operation } from "@kerf/contract";
import { DeclaredError, type ErrorCode, KerfError } from "@kerf/kernel";
import { bodyOf } from "./program-client.ts";

/** Statuses that say by themselves what a program means, when it sends no problem document. */
const codeOfStatus: Readonly<Record<number, ErrorCode>> = {
  400: "invalid_input",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  409: "conflict",
  413: "payload_too_large",
  429: "overloaded",
  503: "unavailable",
  504: "deadline_exceeded",
};

/** What a program may say in problem details (RFC 9457), ours or its own. */
interface AnyProblem {
  readonly code?: unknown;
  readonly detail?: unknown;
  readonly title?: unknown;
  readonly data?: unknown;
}

/** The error that an answer which is no success stands for: one that the operation declares, or what its code or status says. */
export async function errorOfAnswer(
  answer: IncomingMessage,
  operation: Operation | undefined,
  signal: AbortSignal,
): Promise<KerfError> {
  const { statusCode = 0, headers } = answer;
  const body = (await bodyOf(answer, signal)).toString("utf8");
  return errorOf(statusCode, parsed(body), operation, Number(headers["retry-after"]));
}

/** The same for a problem that came as the last item of a stream. */
export function errorOf(
  status: number,
  problem: AnyProblem | undefined,
  operation: Operation | undefined,
  retryAfterS = Number.NaN,
): KerfError {
  const code = typeof problem?.code === "string" ? problem.code : codeOfStatus[status];
  const said = [problem?.detail, problem?.title].find((text) => typeof text === "string");
  const message = typeof said === "string" ? said : `The program answered HTTP ${status}.`;
  if (code !== undefined && Object.hasOwn((operation?.errors ?? {}) as object, code))
    return new DeclaredError(code, problem?.data, message);
  return new KerfError(code ?? "internal", {
    message,
    ...(Number.isFinite(retryAfterS) ? { retryAfterMs: retryAfterS * 1_000 } : undefined),
  });
}

/** A JSON object, or nothing. */
export function parsed(text: string): AnyProblem | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
