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
      jsonSchema: { input: () => stripping(json), output: () => json },
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

/** The schema as it takes values: what it forbids is stripped, not refused. */
function stripping(json: JsonSchema): JsonSchema {
  const parts = Object.entries(json).filter(
    ([keyword, part]) => keyword !== "additionalProperties" || part !== false,
  );
  return Object.fromEntries(
    parts.map(([keyword, part]) => [keyword, strippingWithin(keyword, part)]),
  );
}

// Values, such as those of `const`, are no schemas.
const values: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"]);
const byName: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);

function strippingWithin(keyword: string, part: unknown): unknown {
  if (values.has(keyword) || typeof part !== "object" || part === null) return part;
  if (Array.isArray(part)) return part.map((member) => strippingWithin("", member));
  if (!byName.has(keyword)) return stripping(part as JsonSchema);
  return Object.fromEntries(
    Object.entries(part).map(([name, member]) => [name, strippingWithin("", member)]),
  );
}

function unescapePointer(part: string): string {
  return part.replaceAll("~1", "/").replaceAll("~0", "~");
}
