import type { JsonSchema } from "@kerf/contract";

/** The JSON types that a value may have by its schema. */
export type JsonType = "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";

/** What a schema says that matters for turning text into a value. */
export interface JsonShape {
  readonly types: ReadonlySet<JsonType>;
  /** The values of `enum` and `const`, when the schema lists all that it takes. */
  readonly values: readonly unknown[] | undefined;
  /** Of an array: what its items look like. */
  readonly items: JsonShape | undefined;
}

const everyType: readonly JsonType[] = [
  "string",
  "number",
  "integer",
  "boolean",
  "null",
  "array",
  "object",
];
/** A schema that says nothing of its type takes any, text included: then text stays text. */
const anyShape: JsonShape = { types: new Set(everyType), values: undefined, items: undefined };
// References may go round in circles; a value in a path or query is never this deep.
const maxDepth = 16;

/** The shape of each property of an object schema; `root` resolves `$ref`. */
export function propertyShapes(root: JsonSchema): ReadonlyMap<string, JsonShape> {
  const shapes = new Map<string, JsonShape>();
  collect(root, root, shapes, 0);
  return shapes;
}

function collect(
  schema: JsonSchema,
  root: JsonSchema,
  shapes: Map<string, JsonShape>,
  depth: number,
): void {
  if (depth > maxDepth) return;
  const target = resolve(schema, root);
  for (const [name, property] of Object.entries(asSchema(target["properties"]) ?? {})) {
    const shape = shapeOf(asSchema(property) ?? {}, root, 0);
    const known = shapes.get(name);
    shapes.set(name, known === undefined ? shape : either([known, shape]));
  }
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    for (const branch of branches(target, keyword)) collect(branch, root, shapes, depth + 1);
  }
}

function shapeOf(schema: JsonSchema, root: JsonSchema, depth: number): JsonShape {
  if (depth > maxDepth) return anyShape;
  const target = resolve(schema, root);
  const listed = Array.isArray(target["enum"])
    ? (target["enum"] as unknown[])
    : "const" in target
      ? [target["const"]]
      : undefined;
  if (listed !== undefined)
    return { types: new Set(listed.map(typeOf)), values: listed, items: undefined };
  for (const keyword of ["anyOf", "oneOf"]) {
    const found = branches(target, keyword);
    if (found.length > 0) return either(found.map((branch) => shapeOf(branch, root, depth + 1)));
  }
  const all = branches(target, "allOf").map((branch) => shapeOf(branch, root, depth + 1));
  const declared = ([] as unknown[])
    .concat(target["type"] ?? [])
    .filter((type): type is JsonType => everyType.includes(type as JsonType));
  const types =
    declared.length > 0
      ? new Set(declared)
      : (all.find((shape) => shape.types.size < everyType.length)?.types ?? anyShape.types);
  const items = asSchema(target["items"]);
  return {
    types,
    values: all.find((shape) => shape.values !== undefined)?.values,
    items:
      items === undefined
        ? all.find((shape) => shape.items !== undefined)?.items
        : shapeOf(items, root, depth + 1),
  };
}

function either(shapes: readonly JsonShape[]): JsonShape {
  const values = shapes.every((shape) => shape.values !== undefined)
    ? shapes.flatMap((shape) => shape.values as unknown[])
    : undefined;
  return {
    types: new Set(shapes.flatMap((shape) => [...shape.types])),
    values,
    items: shapes.find((shape) => shape.items !== undefined)?.items,
  };
}

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let target = schema;
  for (let hops = 0; hops < maxDepth && typeof target["$ref"] === "string"; hops++) {
    const pointer = target["$ref"];
    if (!pointer.startsWith("#")) return {};
    let found: unknown = root;
    for (const part of pointer.slice(1).split("/").slice(1)) {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      found = asSchema(found)?.[key];
    }
    target = asSchema(found) ?? {};
  }
  return target;
}

function branches(schema: JsonSchema, keyword: string): JsonSchema[] {
  const listed = schema[keyword];
  return Array.isArray(listed) ? listed.map((branch) => asSchema(branch) ?? {}) : [];
}

function asSchema(value: unknown): JsonSchema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonSchema)
    : undefined;
}

function typeOf(value: unknown): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? "string" : "object";
}
