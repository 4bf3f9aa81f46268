import type { JsonSchema } from "../schema.ts";

/** A schema or a part of one: JSON Schema has `true` and `false` too. */
export type SchemaPart = JsonSchema | boolean;

/** Thrown where a schema says something that cannot be looked into; its message names it. */
export class NotUnderstood extends Error {}

/** References to references, one behind the other, at most. */
const mostHops = 16;

/** A schema with what its `$ref`s point to. */
export class SchemaDocument {
  readonly root: JsonSchema;

  constructor(root: JsonSchema) {
    this.root = root;
  }

  /** A schema that is nothing but a reference as what it points to, so that a place is the same however it is reached. */
  follow(part: SchemaPart): SchemaPart {
    let at = part;
    for (let hops = 0; hops < mostHops; hops += 1) {
      if (typeof at === "boolean" || !("$ref" in at) || Object.keys(at).length > 1) return at;
      const pointed = this.#pointed(at["$ref"]);
      if (pointed === undefined) return at;
      at = pointed;
    }
    return part;
  }

  /** What `#` or `#/a/b` points to; throws {@link NotUnderstood} for all other references. */
  resolve(reference: unknown): SchemaPart {
    const pointed = this.#pointed(reference);
    if (pointed === undefined)
      throw new NotUnderstood(`the reference ${JSON.stringify(reference)}`);
    return pointed;
  }

  #pointed(reference: unknown): SchemaPart | undefined {
    if (reference === "#") return this.root;
    if (typeof reference !== "string" || !reference.startsWith("#/")) return undefined;
    let at: unknown = this.root;
    for (const part of reference.slice(2).split("/")) {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
      at = (at as Record<string, unknown>)[name];
    }
    const isSchema = typeof at === "boolean" || (typeof at === "object" && at !== null);
    return isSchema && !Array.isArray(at) ? (at as SchemaPart) : undefined;
  }
}

/** `value` as a schema; throws {@link NotUnderstood} naming `what` when it is none. */
export function schemaPart(value: unknown, what: string): SchemaPart {
  if (typeof value === "boolean") return value;
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as JsonSchema;
  throw new NotUnderstood(what);
}

/** The schemas that a keyword lists; empty when it is not there. */
export function schemaList(schema: JsonSchema, keyword: string): SchemaPart[] {
  const value = schema[keyword];
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new NotUnderstood(`the keyword ${keyword}`);
  return value.map((part) => schemaPart(part, `the keyword ${keyword}`));
}

/** The schemas that a keyword holds by name; empty when it is not there. */
export function schemaMap(
  schema: JsonSchema,
  keyword: string,
): Readonly<Record<string, SchemaPart>> {
  const value = schema[keyword];
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new NotUnderstood(`the keyword ${keyword}`);
  return value as Record<string, SchemaPart>;
}

/** A keyword's number; undefined when it is none. */
export function numberOf(schema: JsonSchema, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === "number" ? value : undefined;
}

/** Whether two JSON values are the same, whatever the order of their properties. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b) || (a === 0 && b === 0)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) &&
        isEqual((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}

/** Whether a reference stands anywhere in it. */
export function hasReference(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return false;
  return Object.entries(part).some(
    ([name, value]) => /^\$(?:dynamic|recursive)?ref$/i.test(name) || hasReference(value),
  );
}
