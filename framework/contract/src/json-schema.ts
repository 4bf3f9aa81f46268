// The entry for contracts that are given as JSON Schema instead of a schema library; loads Ajv, so it stands apart.
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import type { JsonSchema, Schema } from "./schema.ts";

const ajv = new Ajv2020({
  allErrors: true,
  removeAdditional: true,
  useDefaults: true,
  strict: false,
});

/** A schema from a JSON Schema (draft 2020-12); properties it does not name are stripped where it forbids them. */
export function jsonSchema<T>(json: JsonSchema): Schema<T, T> {
  let compiled: ValidateFunction<T> | undefined;
  return {
    "~standard": {
      version: 1,
      vendor: "kerf-json-schema",
      jsonSchema: { input: () => json, output: () => json },
      validate(value: unknown) {
        compiled ??= ajv.compile<T>(json as object);
        // Ajv writes defaults into what it is given: it gets a copy, so that callers never share objects.
        const copy: unknown = structuredClone(value);
        if (compiled(copy)) return { value: copy };
        return {
          issues: (compiled.errors ?? []).map((error) => ({
            message: error.message ?? "is not valid",
            path: [
              ...error.instancePath.split("/").slice(1).map(unescapePointer),
              ...(error.keyword === "required"
                ? [(error.params as { missingProperty: string }).missingProperty]
                : []),
            ],
          })),
        };
      },
    } as Schema<T, T>["~standard"],
  };
}

function unescapePointer(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
