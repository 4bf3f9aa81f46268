import fc from "fast-check";
import type { JsonSchema } from "../../schema.ts";

type Part = JsonSchema | boolean;

// Few names and values, so that two schemas often speak of the same.
const names = fc.constantFrom("a", "b", "kind");
const texts = fc.constantFrom("", "x", "y", "xy", "xyz");
const numbers = fc.constantFrom(-2, 0, 1, 1.5, 2, 3, 4, 6, 12);
const scalars = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null));

const some = (record: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonSchema> =>
  fc.record(record, { requiredKeys: [] });

const text = some({
  minLength: fc.nat(2),
  maxLength: fc.nat(3),
  pattern: fc.constantFrom("^x", "y$"),
}).map((own) => ({ type: "string", ...own }));
const number = fc
  .tuple(
    fc.constantFrom("integer", "number"),
    some({
      minimum: numbers,
      maximum: numbers,
      exclusiveMinimum: numbers,
      exclusiveMaximum: numbers,
      multipleOf: fc.constantFrom(0.5, 1, 2, 3, 6),
    }),
  )
  .map(([type, own]) => ({ type, ...own }));

const types = fc.subarray(["null", "boolean", "integer", "number", "string", "object", "array"], {
  minLength: 1,
  maxLength: 3,
});

const { schema } = fc.letrec<{ schema: Part; object: JsonSchema; choice: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    text,
    number,
    fc.uniqueArray(scalars, { minLength: 1, maxLength: 3 }).map((values) => ({ enum: values })),
    scalars.map((value) => ({ const: value })),
    types.map((type) => ({ type })),
    fc.constantFrom<Part>({}, true, false, { not: {} }, { type: "boolean" }, { type: "null" }),
    fc.constantFrom<Part>({ $ref: "#" }, { type: "string", nullable: true }),
    tie("object"),
    tie("object"),
    tie("object"),
    some({
      items: tie("schema"),
      prefixItems: fc.array(tie("schema"), { minLength: 1, maxLength: 2 }),
      minItems: fc.nat(2),
      maxItems: fc.nat(3),
      uniqueItems: fc.boolean(),
      // No `contains`: beside `prefixItems` with a choice, Ajv 8.20 takes an empty array for one that contains something.
    }).map((own) => ({ type: "array", ...own })),
    tie("choice"),
    fc.array(tie("object"), { minLength: 1, maxLength: 2 }).map((allOf) => ({ allOf })),
    fc.tuple(tie("object"), tie("choice")).map(([object, choice]) => ({ ...object, ...choice })),
  ),
  object: fc
    .tuple(
      fc.dictionary(names, tie("schema"), { maxKeys: 3, noNullPrototype: true }),
      some({
        required: fc.uniqueArray(names, { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.constant(false), tie("schema")),
        propertyNames: fc.constantFrom({ type: "string" }, { enum: ["a", "b"] }, { maxLength: 1 }),
        minProperties: fc.nat(2),
        maxProperties: fc.nat(3),
        dependentRequired: fc.constant({ a: ["b"] }),
      }),
      fc.nat(5),
    )
    .map(([properties, own, without]) => ({
      type: "object",
      ...(without === 0 ? undefined : { properties }),
      ...own,
    })),
  choice: fc
    .tuple(
      fc.constantFrom("anyOf", "oneOf"),
      fc.array(tie("schema"), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
    )
    .map(([keyword, branches, told]) => ({
      [keyword]: told ? branches.map((branch, index) => discriminated(branch, index)) : branches,
    })),
}));

/** A branch as discriminated unions have them. */
function discriminated(branch: Part, index: number): Part {
  if (typeof branch === "boolean" || branch["type"] !== "object") return branch;
  const kind = { const: ["x", "y", "xy"][index] };
  return {
    ...branch,
    properties: { ...(branch["properties"] as object), kind },
    required: [...new Set([...((branch["required"] as string[]) ?? []), "kind"])],
  };
}

const roots = schema.filter(
  (part): part is JsonSchema => typeof part === "object" && !isLoop(part),
);

/** Pairs of schemas: independent ones, and ones of which the reader is a mutation of the writer, or the other way round. */
export function schemaPairs(): fc.Arbitrary<{ writer: JsonSchema; reader: JsonSchema }> {
  const mutated = fc
    .tuple(
      roots,
      fc.array(fc.tuple(fc.nat(40), schema, fc.nat(3)), { minLength: 1, maxLength: 2 }),
      fc.boolean(),
    )
    .map(([original, changes, backwards]) => {
      const changed = changes.reduce((root, change) => mutate(root, change), original);
      return backwards
        ? { writer: changed, reader: original }
        : { writer: original, reader: changed };
    })
    .filter(({ writer, reader }) => !isLoop(writer) && !isLoop(reader));
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ writer: roots, reader: roots }) },
    { weight: 4, arbitrary: mutated },
  );
}

/** A reference to itself before any property or item: nothing is valid, and validators go on for ever. */
function isLoop(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return false;
  const own = part as Record<string, unknown>;
  if ("$ref" in own) return true;
  return ["anyOf", "oneOf", "allOf"].some((keyword) =>
    ((own[keyword] ?? []) as unknown[]).some(isLoop),
  );
}

/** One place of a schema changed: a keyword dropped, or a schema put there. */
function mutate(
  root: JsonSchema,
  [place, other, how]: readonly [number, Part, number],
): JsonSchema {
  const copy = JSON.parse(JSON.stringify(root)) as Record<string, unknown>;
  const places: [Record<string, unknown>, string][] = [];
  const walk = (at: unknown): void => {
    if (typeof at !== "object" || at === null) return;
    for (const [key, value] of Object.entries(at)) {
      places.push([at as Record<string, unknown>, key]);
      walk(value);
    }
  };
  walk(copy);
  const [holder, key] = places[place % Math.max(1, places.length)] ?? [];
  if (holder === undefined || key === undefined) return copy;
  const value = holder[key];
  if (Array.isArray(holder)) {
    if (typeof value === "object" && value !== null) holder[Number(key)] = other;
  } else if (typeof value === "number") holder[key] = Math.max(1, value + (how % 2 === 0 ? 1 : -1));
  else if (key === "required") holder[key] = ["a", "b"].slice(how % 3);
  else if (isSchemaPlace(value) && how > 0 && key !== "properties" && key !== "dependentRequired")
    holder[key] = other;
  else if (key === "type" && how > 0)
    holder[key] = how === 1 ? "number" : [...new Set([value, "null"].flat())];
  else {
    delete holder[key];
    // Ajv takes it beside a type only.
    if (key === "type") delete holder["nullable"];
  }
  return copy;
}

function isSchemaPlace(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Values of which many fit one of the two schemas, or nearly so. */
export function valuesNear(writer: JsonSchema, reader: JsonSchema): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: valuesOfSchema(writer, writer, 0) },
    { weight: 1, arbitrary: valuesOfSchema(reader, reader, 0) },
    {
      weight: 1,
      arbitrary: fc.oneof(
        scalars,
        fc.dictionary(names, scalars, { noNullPrototype: true }),
        fc.array(scalars, { maxLength: 3 }),
      ),
    },
  );
}

function valuesOfSchema(
  part: Part | undefined,
  root: JsonSchema,
  depth: number,
): fc.Arbitrary<unknown> {
  if (typeof part !== "object" || depth > 5) return scalars;
  // The whole schema once more, twice at most: it may hold many of these.
  if ("$ref" in part) return valuesOfSchema(root, root, depth + 3);
  const lists = ["anyOf", "oneOf"].flatMap(
    (keyword) => (part[keyword] as Part[] | undefined) ?? [],
  );
  const parts = [...((part["allOf"] as Part[] | undefined) ?? [])];
  const own: fc.Arbitrary<unknown>[] = [];
  if ("const" in part) return fc.constant(part["const"]);
  if (Array.isArray(part["enum"])) return fc.constantFrom(...(part["enum"] as unknown[]));
  const type = part["type"];
  const has = (name: string): boolean =>
    type === name || (Array.isArray(type) && type.includes(name));
  if (has("string")) own.push(texts);
  if (has("integer") || has("number")) own.push(numbers);
  if (has("boolean")) own.push(fc.boolean());
  if (has("null") || part["nullable"] === true) own.push(fc.constant(null));
  if (has("array") || "items" in part) {
    const first = ((part["prefixItems"] ?? []) as Part[]).map((item) =>
      valuesOfSchema(item, root, depth + 1),
    );
    const rest = fc.array(valuesOfSchema(part["items"] as Part, root, depth + 1), { maxLength: 3 });
    own.push(fc.tuple(fc.tuple(...first), rest).map(([head, tail]) => [...head, ...tail]));
    own.push(rest);
  }
  if (has("object") || "properties" in part) own.push(objects(part, root, depth));
  const branches = [...lists, ...parts].map((branch) => valuesOfSchema(branch, root, depth + 1));
  if (lists.length + parts.length > 0 && own.length > 0)
    own.push(
      fc.tuple(fc.oneof(...own), ...branches).map(([one, ...others]) => merge([one, ...others])),
      fc.tuple(fc.oneof(...own), fc.oneof(...branches)).map(merge),
    );
  if (parts.length > 1) own.push(fc.tuple(...branches).map(merge));
  return own.length + branches.length === 0 ? scalars : fc.oneof(...own, ...branches);
}

function merge(values: readonly unknown[]): unknown {
  return values.every(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  )
    ? Object.assign({}, ...(values as object[]))
    : values.at(-1);
}

function objects(part: JsonSchema, root: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const properties = (part["properties"] ?? {}) as Record<string, Part>;
  const known = Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name,
      valuesOfSchema(value, root, depth + 1),
    ]),
  );
  const required = ((part["required"] ?? []) as string[]).filter((name) => name in properties);
  const further = part["additionalProperties"];
  const others =
    further === false
      ? fc.constant({})
      : fc.dictionary(names, valuesOfSchema(further as Part, root, depth + 1), {
          maxKeys: 2,
          noNullPrototype: true,
        });
  return fc
    .tuple(others, fc.record(known, { requiredKeys: required, noNullPrototype: true }))
    .map(([more, own]) => ({ ...more, ...own }));
}

/**
 * The value without the properties that its schema does not describe: what is sent. Where the schema has `properties` and says nothing of
 * further ones, these are dropped; alternatives and conjunctions describe together.
 */
export function onlyDescribed(value: unknown, writer: JsonSchema): unknown {
  return strip(value, [writer], writer, 0);
}

function strip(value: unknown, parts: readonly Part[], root: JsonSchema, depth: number): unknown {
  if (typeof value !== "object" || value === null || depth > 12) return value;
  const all = [...new Set(parts.flatMap((part) => flat(part, root, 0)))];
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => {
      const schemas = all.map(
        (part) =>
          ((part["prefixItems"] as Part[] | undefined)?.[index] ?? part["items"] ?? true) as Part,
      );
      return strip(item, schemas, root, depth + 1);
    });
  }
  const isClosed = all.some((part) => "properties" in part) && !all.some(isOpen);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]): [string, unknown][] => {
      const own = all.filter((part) => name in ((part["properties"] ?? {}) as object));
      const isDescribed =
        own.length > 0 || all.some((part) => ((part["required"] ?? []) as string[]).includes(name));
      if (!isDescribed && isClosed) return [];
      const schemas = all.map((part) => {
        const properties = (part["properties"] ?? {}) as Record<string, Part>;
        return properties[name] ?? ((part["additionalProperties"] ?? true) as Part);
      });
      return [[name, strip(held, schemas, root, depth + 1)]];
    }),
  );
}

function isOpen(part: JsonSchema): boolean {
  return "additionalProperties" in part && part["additionalProperties"] !== false;
}

function flat(part: Part, root: JsonSchema, depth: number): JsonSchema[] {
  if (typeof part === "boolean" || depth > 8) return [];
  const target = "$ref" in part ? root : part;
  const within = ["allOf", "anyOf", "oneOf"].flatMap(
    (keyword) => (target[keyword] as Part[] | undefined) ?? [],
  );
  return [target, ...within.flatMap((member) => flat(member, root, depth + 1))];
}

/**
 * A schema of the values that one alternative of the writer's describes whole: a union's value is one of its members, and does not
 * borrow properties from the others.
 */
export function closed(writer: JsonSchema): JsonSchema {
  return closedPart(writer) as JsonSchema;
}

function closedPart(part: Part): Part {
  if (typeof part === "boolean" || "$ref" in part) return part;
  return { anyOf: alternatives(part).map(closedAlternative) };
}

/** What a schema says as lists of schemas that hold together, of which one list holds. */
function alternatives(part: Part): Part[][] {
  if (typeof part === "boolean") return [[part]];
  const { anyOf, oneOf, allOf, ...own } = part;
  let lists: Part[][] = [[own]];
  const and = (others: Part[][]): void => {
    lists = lists.flatMap((list) => others.map((other) => [...list, ...other]));
  };
  for (const choice of [anyOf, oneOf] as (Part[] | undefined)[])
    if (choice !== undefined) and(choice.flatMap(alternatives));
  for (const member of (allOf ?? []) as Part[]) and(alternatives(member));
  return lists;
}

function closedAlternative(parts: readonly Part[]): JsonSchema {
  const objects = parts.filter((part) => typeof part === "object");
  const required = objects.flatMap((part) => (part["required"] ?? []) as string[]);
  const isDescribed = objects.some((part) => "properties" in part);
  return {
    allOf: parts.map(closedWithin),
    ...(isDescribed
      ? {
          properties: Object.fromEntries(required.map((name) => [name, true])),
          unevaluatedProperties: false,
        }
      : undefined),
  };
}

function closedWithin(part: Part): Part {
  if (typeof part === "boolean") return part;
  const { properties, items, prefixItems, additionalProperties } = part;
  const map = properties as Record<string, Part> | undefined;
  const entries = Object.entries(map ?? {}).map(([name, held]) => [name, closedPart(held)]);
  return {
    ...part,
    ...(map === undefined ? undefined : { properties: Object.fromEntries(entries) as JsonSchema }),
    ...(items === undefined ? undefined : { items: closedPart(items as Part) }),
    ...(prefixItems === undefined
      ? undefined
      : { prefixItems: (prefixItems as Part[]).map(closedPart) }),
    ...(additionalProperties === undefined
      ? undefined
      : { additionalProperties: closedPart(additionalProperties as Part) }),
  };
}

/** The schema as one reads by it who does not validate: nothing is refused for being more than it describes. */
export function passingOver(schema: JsonSchema): JsonSchema {
  return over(schema) as JsonSchema;
}

function over(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(over);
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).filter(
    ([keyword, value]) => keyword !== "additionalProperties" || value !== false,
  );
  return Object.fromEntries(
    entries.map(([keyword, value]) => [
      keyword === "oneOf" ? "anyOf" : keyword,
      ["const", "enum"].includes(keyword) ? value : over(value),
    ]),
  );
}
