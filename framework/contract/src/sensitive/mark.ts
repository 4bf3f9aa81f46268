import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import type { Schema } from "../schema.ts";

/** The keyword by which a JSON Schema says that what it describes is to be written down nowhere: `true`. */
export const sensitiveKeyword = "x-kerf-sensitive";

/**
 * Marks a field whose values are written down nowhere by themselves: not in logs, spans, metrics or errors. A schema of zod stays what it is, with the mark in its
 * metadata. One of another library can be marked as a whole; within its objects say `x-kerf-sensitive: true` in the metadata that its JSON Schema is made from.
 */
export function sensitive<S extends Schema>(schema: S): S {
  const { meta } = schema as { readonly meta?: unknown };
  if (typeof meta === "function")
    return (meta as (data: object) => S).call(schema, { [sensitiveKeyword]: true });
  const standard = schema["~standard"] as StandardSchemaV1.Props &
    Partial<StandardJSONSchemaV1.Props>;
  const { jsonSchema } = standard;
  const marked = {
    ...standard,
    ...(jsonSchema === undefined
      ? undefined
      : {
          jsonSchema: {
            input: (options: StandardJSONSchemaV1.Options) => ({
              ...jsonSchema.input(options),
              [sensitiveKeyword]: true,
            }),
            output: (options: StandardJSONSchemaV1.Options) => ({
              ...jsonSchema.output(options),
              [sensitiveKeyword]: true,
            }),
          },
        }),
  };
  return { "~standard": marked } as unknown as S;
}
