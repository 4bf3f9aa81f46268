import { type ErrorCode, KerfError } from "@kerf/kernel";

/** The error of an answer that is none of the contract's operations. */
export async function errorOfResponse(response: Response): Promise<KerfError> {
  const problem = (await response.json().catch(() => ({}))) as {
    code?: string;
    detail?: string;
    why?: string;
    fix?: string;
  };
  return new KerfError((problem.code ?? "internal") as ErrorCode, {
    message: problem.detail ?? `The platform answered ${response.status}.`,
    ...(problem.why === undefined ? undefined : { why: problem.why }),
    ...(problem.fix === undefined ? undefined : { fix: problem.fix }),
  });
}
