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
  const properties = (schema?.["properties"] ?? {}) as Record<string, unknown>;
  // Where the schema lets others pass, they may be meant.
  const open = isOpen(schema?.["additionalProperties"]);
  const unknown = Object.keys(values).filter((name) => !open && !Object.hasOwn(properties, name));
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

function isOpen(additional: unknown): boolean {
  return additional === true || (typeof additional === "object" && additional !== null);
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? "; it has no settings" : `; there are ${names.join(", ")}`;
}
