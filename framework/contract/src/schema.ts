import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/** A JSON Schema of draft 2020-12, as data. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** Any schema that a contract takes: Standard Schema (zod, valibot, arktype …) or what `jsonSchema()` makes. */
export type Schema<In = any, Out = any> = StandardSchemaV1<In, Out>;

/** What a caller passes to a schema. */
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>;
/** What comes out of a schema. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** Which side of a schema: what goes in, or what comes out after its transforms. */
export type SchemaSide = "input" | "output";

/** The schema as JSON Schema; undefined when its library cannot say it. Throws what the library throws. */
export function toJsonSchema(schema: Schema, side: SchemaSide): JsonSchema | undefined {
  const standard = schema["~standard"] as StandardSchemaV1.Props &
    Partial<StandardJSONSchemaV1.Props>;
  return standard.jsonSchema?.[side]({ target: "draft-2020-12" });
}

/** True for anything that follows Standard Schema. */
export function isSchema(value: unknown): value is Schema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as Partial<Schema>)["~standard"];
  return typeof standard === "object" && typeof standard.validate === "function";
}

/** A Standard Schema from a function that returns the checked copy or throws, and the JSON Schema that describes it. */
export function schemaFrom<T>(json: JsonSchema, parse: (value: unknown) => T): Schema<T, T> {
  const standard: StandardSchemaV1.Props<T> & StandardJSONSchemaV1.Props<T> = {
    version: 1,
    vendor: "kerf",
    jsonSchema: { input: () => json, output: () => json },
    validate(value) {
      try {
        return { value: parse(value) };
      } catch (thrown) {
        return { issues: [{ message: thrown instanceof Error ? thrown.message : String(thrown) }] };
      }
    },
  };
  return { "~standard": standard };
}
