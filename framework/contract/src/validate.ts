import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ErrorCode, KerfError, redactText } from "@kerf/kernel";
import type { Schema } from "./schema.ts";
import { sensitiveFields } from "./sensitive/fields.ts";

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
  const valueOf = (settled: StandardSchemaV1.Result<T>): T => {
    if (settled.issues === undefined) return settled.value;
    throw validationError(settled.issues, code, operation, { schema, value });
  };
  return result instanceof Promise ? result.then(valueOf) : valueOf(result);
}

/** The error of a value that its schema refused; names every field, and says nothing of what stands in sensitive ones. */
export function validationError(
  issues: readonly StandardSchemaV1.Issue[],
  code: "invalid_input" | "invalid_output",
  operation: string,
  refused: { readonly schema: Schema; readonly value: unknown },
): KerfError {
  const fields = fieldsOf(issues, refused, code === "invalid_input" ? "input" : "output");
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

/** Libraries quote values: "expected a number but received …". */
function fieldsOf(
  issues: readonly StandardSchemaV1.Issue[],
  { schema, value }: { readonly schema: Schema; readonly value: unknown },
  side: "input" | "output",
): FieldProblem[] {
  const marked = sensitiveFields(schema, side);
  const values = marked?.valuesIn(value) ?? [];
  return issues.map((issue) => ({
    path: pathOf(issue),
    message:
      marked?.covers((issue.path ?? []).map(keyOf)) === true
        ? "is not valid"
        : redactText(issue.message, values),
  }));
}

function keyOf(part: PropertyKey | StandardSchemaV1.PathSegment): PropertyKey {
  return typeof part === "object" ? part.key : part;
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? []).map((part) => String(keyOf(part))).join(".");
}
