import type { JsonSchema } from "../schema.ts";
import {
  isEqual,
  NotUnderstood,
  schemaList,
  type SchemaDocument,
  type SchemaPart,
} from "./document.ts";

/** A type that a JSON value has; every integer is a number too. */
export type ShapeType = "null" | "boolean" | "integer" | "number" | "string" | "array" | "object";

/**
 * One alternative of what a schema takes: values of one type that hold to every one of `parts`. What a schema says is a list of
 * these, of which a value is one.
 */
export interface Shape {
  readonly type: ShapeType;
  /** All that it can be, when these are known. */
  readonly values: readonly unknown[] | undefined;
  /** Schemas that all apply; their `$ref`, `allOf`, `anyOf` and `oneOf` are dealt with, and `type`, `enum` and `const`. */
  readonly parts: readonly JsonSchema[];
}

/** More alternatives than this are not looked into; a discriminated union in real contracts has some ten. */
const mostShapes = 256;

const everyType: readonly ShapeType[] = ["null", "boolean", "number", "string", "array", "object"];
// They describe properties or items in a way that depends on the value; leaving them out would make the alternatives too few.
const opaque = [
  "if",
  "dependentSchemas",
  "dependencies",
  "patternProperties",
  "unevaluatedProperties",
  "unevaluatedItems",
  "additionalItems",
  "$dynamicRef",
  "$recursiveRef",
];

/** What a value can be that holds to all of `parts`: never less than it can, sometimes more. Throws {@link NotUnderstood}. */
export function shapesOf(parts: readonly SchemaPart[], document: SchemaDocument): Shape[] {
  return parts.reduce<Shape[]>(
    (shapes, part) => intersect(shapes, expand(part, document, new Set())),
    anything(),
  );
}

function anything(): Shape[] {
  return everyType.map((type) => ofType(type, []));
}

function ofType(type: ShapeType, parts: readonly JsonSchema[]): Shape {
  const values = type === "null" ? [null] : type === "boolean" ? [true, false] : undefined;
  return { type, values, parts };
}

function expand(part: SchemaPart, document: SchemaDocument, seen: ReadonlySet<unknown>): Shape[] {
  if (typeof part === "boolean") return part ? anything() : [];
  const within = new Set([...seen, part]);
  for (const keyword of opaque)
    if (keyword in part && part[keyword] !== true)
      throw new NotUnderstood(`the keyword ${keyword}`);
  if (isNever(part)) return [];
  let shapes = ownShapes(part);
  if ("$ref" in part) {
    const target = document.resolve(part["$ref"]);
    if (within.has(target)) throw new NotUnderstood("a reference to itself");
    shapes = intersect(shapes, expand(target, document, within));
  }
  for (const member of schemaList(part, "allOf")) {
    if (within.has(member)) throw new NotUnderstood("a reference to itself");
    shapes = intersect(shapes, expand(member, document, within));
  }
  for (const keyword of ["anyOf", "oneOf"])
    if (keyword in part)
      shapes = intersect(
        shapes,
        schemaList(part, keyword).flatMap((branch) => expand(branch, document, within)),
      );
  return shapes;
}

/** `not: {}`, as zod's never() says it. */
export function isNever(schema: JsonSchema): boolean {
  const not = schema["not"];
  return not === true || (typeof not === "object" && not !== null && Object.keys(not).length === 0);
}

/** The types that a schema's own `type` names; undefined for all. */
export function typesOf(schema: JsonSchema): ShapeType[] | undefined {
  const { type } = schema;
  if (type === undefined) return undefined;
  const types = (Array.isArray(type) ? type : [type]) as ShapeType[];
  const strange = types.find((name) => name !== "integer" && !everyType.includes(name));
  if (strange !== undefined) throw new NotUnderstood(`the type ${JSON.stringify(strange)}`);
  // Written by hand, as OpenAPI 3.0 has it; Ajv knows it.
  return schema["nullable"] === true && !types.includes("null") ? [...types, "null"] : types;
}

/** The values that a schema's own `const` and `enum` name; undefined for all. */
export function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  const list = schema["enum"];
  if (list !== undefined && !Array.isArray(list)) throw new NotUnderstood("the keyword enum");
  if (!("const" in schema)) return list;
  const only = schema["const"];
  return list === undefined || list.some((value) => isEqual(value, only)) ? [only] : [];
}

function ownShapes(schema: JsonSchema): Shape[] {
  const types = typesOf(schema);
  const values = valuesOf(schema);
  const byType = (types ?? everyType).map((type) => ofType(type, [schema]));
  return values === undefined ? byType : intersect(byType, values.map(literalShape));
}

/** The one value; objects and arrays with what describes them. */
export function literalShape(value: unknown): Shape {
  return { type: typeOfValue(value), values: [value], parts: describing(value) };
}

function typeOfValue(value: unknown): ShapeType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value as ShapeType;
}

function describing(value: unknown): JsonSchema[] {
  if (Array.isArray(value)) {
    const prefixItems = value.map((item) => ({ const: item as unknown }));
    return [{ prefixItems, items: false, minItems: value.length }];
  }
  if (typeof value !== "object" || value === null) return [];
  const properties = Object.fromEntries(
    Object.entries(value).map(([name, held]) => [name, { const: held as unknown }]),
  );
  return [{ properties, required: Object.keys(value), additionalProperties: false }];
}

function intersect(some: readonly Shape[], others: readonly Shape[]): Shape[] {
  const shapes: Shape[] = [];
  for (const a of some) {
    for (const b of others) {
      const type = narrower(a.type, b.type);
      if (type === undefined) continue;
      const values = common(a.values, b.values);
      if (values?.length === 0) continue;
      shapes.push({ type, values, parts: [...new Set([...a.parts, ...b.parts])] });
    }
  }
  if (shapes.length > mostShapes)
    throw new NotUnderstood(`a choice of more than ${mostShapes} alternatives`);
  return shapes;
}

function narrower(a: ShapeType, b: ShapeType): ShapeType | undefined {
  if (a === b) return a;
  return [a, b].includes("integer") && [a, b].includes("number") ? "integer" : undefined;
}

function common(
  a: readonly unknown[] | undefined,
  b: readonly unknown[] | undefined,
): readonly unknown[] | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a.filter((value) => b.some((other) => isEqual(value, other)));
}

/** Whether it is numbers, and whole ones only. */
export function isWhole({ type, parts }: Shape): boolean {
  if (type === "integer") return true;
  return type === "number" && parts.some((part) => Number.isInteger(part["multipleOf"]));
}
