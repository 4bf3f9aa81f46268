import { KerfError } from "@kerf/kernel";

/** A value as JSON has it. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/**
 * Reads `NAME=VALUE` as the schema of the service wants it: text where it wants text, JSON otherwise. Throws one `usage` that names everything that cannot
 * be read.
 */
export function readSettings(
  given: readonly string[],
  schema: Readonly<Record<string, unknown>>,
): Record<string, Json> {
  const properties = (schema["properties"] ?? {}) as Record<string, unknown>;
  const read: Record<string, Json> = {};
  const problems: string[] = [];
  for (const text of given) {
    const at = text.indexOf("=");
    const name = text.slice(0, at);
    if (at < 1) problems.push(`${JSON.stringify(text)} is no NAME=VALUE`);
    else if (Object.hasOwn(read, name)) problems.push(`${name} is given twice`);
    else {
      const value = valueOf(text.slice(at + 1), properties[name]);
      if (value === undefined) problems.push(`the value of ${name} is no JSON`);
      else read[name] = value;
    }
  }
  if (problems.length === 0) return read;
  throw new KerfError("usage", {
    message: `${problems.join("; ")}.`,
    why: "Nothing was changed.",
    fix: `Write settings as feePercent=1.5; quote JSON for the shell: 'tiers=[{"from":100}]'.`,
  });
}

function valueOf(text: string, property: unknown): Json | undefined {
  const types = typesOf(property);
  try {
    const value = JSON.parse(text) as Json;
    // Digits where only text fits are text.
    return types.has("string") && !types.has(typeOf(value)) ? text : value;
  } catch {
    // What is not known here is refused by name there.
    return types.size === 0 || types.has("string") ? text : undefined;
  }
}

/** What kinds of JSON a property takes, as far as its schema says so at its top. */
function typesOf(property: unknown): Set<string> {
  if (typeof property !== "object" || property === null) return new Set();
  const { anyOf, const: only, enum: values, type } = property as Record<string, unknown>;
  if (Array.isArray(anyOf)) return new Set(anyOf.flatMap((each) => [...typesOf(each)]));
  if (Array.isArray(values)) return new Set(values.map((value) => typeOf(value as Json)));
  if (only !== undefined) return new Set([typeOf(only as Json)]);
  const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as string[];
  return new Set(types.map((name) => (name === "integer" ? "number" : name)));
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
