import type { Operation } from "@kerf/contract";
import { DeclaredError, type ErrorCode, errorCodes, KerfError } from "@kerf/kernel";
import type { Problem } from "./problem.ts";

/** The error that an answer stands for, whoever wrote it: our edge with a problem, or a proxy with a page of its own. */
export async function errorOfResponse(
  response: Response,
  operation: Operation,
): Promise<KerfError> {
  const isJson = /[/+]json\b/i.test(response.headers.get("content-type") ?? "");
  const problem = isJson ? await response.json().catch(() => undefined) : undefined;
  if (!isJson) await response.body?.cancel().catch(() => {});
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : undefined;
  if (isProblem(problem)) return errorOfProblem(problem, operation, retryAfterMs);
  return new KerfError(codeOfStatus(response.status), {
    message: `The answer was HTTP ${response.status} without problem details.`,
    why: "Something between this client and Kerf's edge answered.",
    retryAfterMs,
  });
}

/** The error in a problem document. */
export function errorOfProblem(
  problem: Problem,
  operation: Operation,
  retryAfterMs?: number,
): KerfError {
  const message = problem.detail ?? problem.title;
  if (problem.declared === true && Object.hasOwn(operation.errors as object, problem.code)) {
    return new DeclaredError(problem.code, problem.data, message);
  }
  return new KerfError(problem.code, {
    message,
    fix: problem.fix,
    data: {
      traceId: problem.traceId,
      ...(problem.errors === undefined ? undefined : { fields: problem.errors }),
    },
    retryAfterMs,
  });
}

/** Whether a parsed body is a problem document of ours. */
export function isProblem(value: unknown): value is Problem {
  const problem = value as Partial<Problem> | null | undefined;
  return typeof problem?.code === "string" && typeof problem.title === "string";
}

function codeOfStatus(status: number): ErrorCode {
  const known = Object.entries(errorCodes).find(([, code]) => code.status === status);
  return status < 500 && known !== undefined
    ? (known[0] as ErrorCode)
    : status === 503
      ? "unavailable"
      : "protocol_error";
}
