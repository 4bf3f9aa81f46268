import { type ErrorShape, KerfError, toKerfError } from "@kerf/kernel";
import { ProtocolViolation } from "./violation.ts";

const retryMeanings: readonly unknown[] = ["not-executed", "unknown", "never"];

/** Anything thrown as the JSON of an ERROR frame; what only this process may know stays here. */
export function errorBody(thrown: unknown): string {
  const shape = toKerfError(thrown).toShape();
  try {
    return JSON.stringify(shape);
  } catch {
    const { data: _data, ...rest } = shape;
    return JSON.stringify(rest);
  }
}

/** The error that an ERROR frame carries. */
export function errorFrom(body: unknown): KerfError {
  const shape = body as Partial<ErrorShape> | null | undefined;
  if (
    typeof shape !== "object" ||
    shape === null ||
    typeof shape.code !== "string" ||
    typeof shape.message !== "string"
  ) {
    throw new ProtocolViolation("bad_json", "The body of an ERROR is no error.");
  }
  if (!retryMeanings.includes(shape.retry))
    throw new ProtocolViolation("bad_json", "An ERROR does not say whether to retry.");
  return KerfError.fromShape(shape as ErrorShape);
}
