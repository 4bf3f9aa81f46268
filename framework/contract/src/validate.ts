import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ErrorCode, KerfError } from "@kerf/kernel";
import type { Schema } from "./schema.ts";

/** One field that is wrong. */
export interface FieldProblem {
  /** Dotted path from the top of the value: `items.0.quantity`; empty for the value itself. */
  path: string;
  message: string;
}

/** Checks `value` against `schema` and returns the stripped copy; asynchronous only when the schema is. */
export function validate<T>(
  schema: Schema<unknown, T>,
  value: unknown,
  code: Extract<ErrorCode, "invalid_input" | "invalid_output">,
  operation: string,
): T | Promise<T> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) return result.then((settled) => valueOf(settled, code, operation));
  return valueOf(result, code, operation);
}

function valueOf<T>(
  result: StandardSchemaV1.Result<T>,
  code: "invalid_input" | "invalid_output",
  operation: string,
): T {
  if (result.issues === undefined) return result.value;
  throw validationError(result.issues, code, operation);
}

/** The error of a value that its schema refused; names every field. */
export function validationError(
  issues: readonly StandardSchemaV1.Issue[],
  code: "invalid_input" | "invalid_output",
  operation: string,
): KerfError {
  const fields: FieldProblem[] = issues.map((issue) => ({
    path: pathOf(issue),
    message: issue.message,
  }));
  const listed = fields
    .map((field) => (field.path === "" ? field.message : `${field.path}: ${field.message}`))
    .join("; ");
  return code === "invalid_input"
    ? new KerfError(code, {
        message: `The input of ${operation} is not valid: ${listed}`,
        fix: "Correct the fields named and send it again.",
        data: { fields },
      })
    : new KerfError(code, {
        message: `The answer of ${operation} breaks its own contract: ${listed}`,
        why: "The handler returned something that the output schema refuses.",
        fix: "Correct the handler, or widen the output schema in a new version of the contract.",
        data: { fields },
      });
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? [])
    .map((part) => String(typeof part === "object" && part !== null ? part.key : part))
    .join(".");
}
