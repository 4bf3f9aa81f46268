import type { JsonSchema } from "@kerf/contract";
import type { Values } from "./configuration.ts";

/**
 * Everything that is wrong with a configuration, by the schema that its service declares, each entry readable by itself and without a value. The service's
 * own schema judges once more when the service starts, since a JSON Schema cannot say everything.
 */
export async function configurationProblems(
  schema: JsonSchema | undefined,
  values: Values,
): Promise<string[]> {
  const properties = propertiesOf(schema);
  const unknown = Object.keys(values).filter((name) => !isDeclared(schema, name));
  const problems = unknown.map(
    (name) => `${name} is not declared${listOf(Object.keys(properties))}`,
  );
  const required = (schema?.["required"] ?? []) as readonly string[];
  // What judges is loaded only where there is something to judge.
  if (schema === undefined || (Object.keys(values).length === 0 && required.length === 0))
    return problems;
  const { jsonSchema } = await import("@kerf/contract/json-schema");
  const result = await jsonSchema(schema)["~standard"].validate(values);
  for (const { message, path = [] } of result.issues ?? []) {
    const place = path.map((part) => String(typeof part === "object" ? part.key : part));
    const missing = place.length === 1 && !Object.hasOwn(values, place[0] as string);
    problems.push(missing ? `${place[0]} is not set` : `${place.join(".")} ${message}`);
  }
  return problems;
}

/** Whether a schema names a setting, or lets others than those that it names pass: they may be meant. */
export function isDeclared(schema: JsonSchema | undefined, name: string): boolean {
  return Object.hasOwn(propertiesOf(schema), name) || isOpen(schema?.["additionalProperties"]);
}

function propertiesOf(schema: JsonSchema | undefined): Record<string, unknown> {
  return (schema?.["properties"] ?? {}) as Record<string, unknown>;
}

function isOpen(additional: unknown): boolean {
  return additional === true || (typeof additional === "object" && additional !== null);
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "; it has no settings" : `; there are ${names.join(", ")}`;
}
