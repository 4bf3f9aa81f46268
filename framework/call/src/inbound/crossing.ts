import { type Schema, type SchemaSide, toJsonSchema, validationError } from "@kerf/contract";
import type { KerfError } from "@kerf/kernel";
import { jsonCopy } from "../json/copy.ts";

/** Takes a value over the boundary: checked, stripped and copied. Asynchronous only when the schema is. Throws what is wrong. */
export type Crossing = (value: unknown) => unknown;

/** Which value crosses: what callers send, or what the service answers. */
export type CrossingSide = "input" | "output";

/** Compiles the crossing of values that came over a wire, which nobody else holds. */
export function crossing(schema: Schema, side: CrossingSide, name: string): Crossing {
  const code = side === "input" ? "invalid_input" : "invalid_output";
  const standard = schema["~standard"];
  const refused = (issues: Parameters<typeof validationError>[0], value: unknown): KerfError =>
    validationError(issues, code, name, { schema, value });
  return (value) => {
    const result = standard.validate(value);
    if (result instanceof Promise) {
      return result.then((settled) => {
        if (settled.issues !== undefined) throw refused(settled.issues, value);
        return settled.value;
      });
    }
    if (result.issues !== undefined) throw refused(result.issues, value);
    return result.value;
  };
}

/**
 * Compiles the crossing of values inside the process, where the schema's copy is what keeps the two sides apart. What
 * the schema would let through uncopied is copied as JSON would: an input before it, since transforms belong to the
 * handler, an answer behind it.
 */
export function localCrossing(schema: Schema, side: CrossingSide, name: string): Crossing {
  const cross = crossing(schema, side, name);
  if (copies(schema, side)) return cross;
  if (side === "input") return (value) => cross(jsonCopy(value));
  return (value) => {
    const crossed = cross(value);
    return crossed instanceof Promise ? crossed.then(jsonCopy) : jsonCopy(crossed);
  };
}

// Libraries that build a new object for every object that they check; others hand the one they were given through.
const copying: ReadonlySet<string> = new Set(["zod", "valibot"]);
// Ours copy whatever they are given.
const copyingAll: ReadonlySet<string> = new Set(["kerf", "kerf-json-schema"]);

/** Whether what comes out of the schema shares no object with what went in. */
function copies(schema: Schema, side: CrossingSide): boolean {
  const { vendor } = schema["~standard"];
  if (copyingAll.has(vendor)) return true;
  if (!copying.has(vendor)) return false;
  // What an input becomes cannot always be said, since it may hold transforms; what goes in says as much about copying.
  return (
    constrains(schema, "output") ??
    (side === "input" ? constrains(schema, "input") : undefined) ??
    false
  );
}

function constrains(schema: Schema, side: SchemaSide): boolean | undefined {
  try {
    const json = toJsonSchema(schema, side);
    return json === undefined ? undefined : isConstrained(json);
  } catch {
    return undefined;
  }
}

const holders = ["properties", "patternProperties", "$defs", "definitions"] as const;
const lists = ["anyOf", "oneOf", "allOf", "prefixItems"] as const;
const members = ["items", "additionalProperties", "unevaluatedProperties"] as const;
const narrowing = ["type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "not"];

/** Whether a JSON Schema says, everywhere, what a value is. */
function isConstrained(schema: unknown): boolean {
  if (schema === false) return true;
  if (typeof schema !== "object" || schema === null) return false;
  const json = schema as Readonly<Record<string, unknown>>;
  if (!narrowing.some((keyword) => keyword in json)) return false;
  if (json["type"] === "array" && !("items" in json) && !("prefixItems" in json)) return false;
  if (json["type"] === "object" && !("properties" in json) && !("additionalProperties" in json))
    return false;
  return (
    holders.every((key) => Object.values((json[key] ?? {}) as object).every(isConstrained)) &&
    lists.every((key) => ((json[key] ?? []) as readonly unknown[]).every(isConstrained)) &&
    members.every((key) => !(key in json) || isConstrained(json[key]))
  );
}
