import { redactable } from "@kerf/kernel";
import { SchemaDocument, type SchemaPart } from "../compatibility/document.ts";
import { type JsonSchema, type Schema, type SchemaSide, toJsonSchema } from "../schema.ts";
import { sensitiveKeyword } from "./mark.ts";

/** Values that are taken out of one input at most: a list of ten thousand addresses is looked for in no log line. */
const maxValues = 1_000;
/** How deep it is looked, in schemas: JSON of a request nests 128 deep, with references and alternatives between two of its levels. */
const deepest = 1_000;
/** Pairs of a schema and a place that are looked at, at most, where references make more and more of them; the shop's largest schema has some fifty. */
const mostSteps = 20_000;

/** What a schema marks as sensitive. */
export interface SensitiveFields {
  /** Names of the properties, without their places. */
  readonly names: ReadonlySet<string>;
  /** Dotted places, as findings name them: `card.number`, `items[].note`; empty for the whole. Those below themselves only once. */
  readonly paths: readonly string[];
  /** The values that are marked in `value`, as texts, the longest first. */
  valuesIn(value: unknown): readonly string[];
  /** Whether a place (keys and indices from the top) is marked, or lies within one that is. */
  covers(place: readonly PropertyKey[]): boolean;
}

const known = new WeakMap<Schema, { [Side in SchemaSide]?: SensitiveFields | null }>();

/** What a schema marks; undefined when it marks nothing, as most do. Made once for each. */
export function sensitiveFields(schema: Schema, side: SchemaSide): SensitiveFields | undefined {
  let sides = known.get(schema);
  if (sides === undefined) known.set(schema, (sides = {}));
  if (sides[side] === undefined) sides[side] = fieldsOf(jsonOf(schema, side)) ?? null;
  return sides[side] ?? undefined;
}

/** The same of a JSON Schema. */
export function sensitiveFieldsOf(json: JsonSchema): SensitiveFields | undefined {
  return fieldsOf(json);
}

/** What a transform makes cannot always be said; then what goes in says which fields there are. */
function jsonOf(schema: Schema, side: SchemaSide): JsonSchema | undefined {
  const sides: SchemaSide[] = side === "input" ? ["input", "output"] : ["output", "input"];
  for (const each of sides) {
    try {
      return toJsonSchema(schema, each);
    } catch {
      // The other side, or none.
    }
  }
  return undefined;
}

function fieldsOf(json: JsonSchema | undefined): SensitiveFields | undefined {
  if (json === undefined || !mentions(json)) return undefined;
  const document = new SchemaDocument(json);
  const names = new Set<string>();
  const paths = new Set<string>();
  const isMarked = (part: SchemaPart, path: string, name: string | undefined): void => {
    if (!marks(part)) return;
    paths.add(path);
    if (name !== undefined) names.add(name);
  };
  describe({ document, seen: isMarked, steps: 0 }, json, "", undefined, new Set());
  if (paths.size === 0) return undefined;
  return {
    names,
    paths: [...paths],
    valuesIn(value) {
      const values: string[] = [];
      gather({ document, into: values, met: new Map() }, json, value, false, 0);
      return redactable(values);
    },
    covers: (place) => covers({ document, met: new Map() }, json, place),
  };
}

function mentions(json: JsonSchema): boolean {
  try {
    return JSON.stringify(json).includes(sensitiveKeyword);
  } catch {
    return false;
  }
}

function marks(part: SchemaPart): boolean {
  return typeof part === "object" && part[sensitiveKeyword] === true;
}

interface Description {
  readonly document: SchemaDocument;
  readonly seen: (part: SchemaPart, path: string, name: string | undefined) => void;
  steps: number;
}

/** Every place of a schema, each schema once on the way down: what holds itself has no end. */
function describe(
  to: Description,
  part: SchemaPart,
  path: string,
  name: string | undefined,
  above: ReadonlySet<SchemaPart>,
): void {
  if (typeof part !== "object" || above.has(part)) return;
  if (above.size > deepest || ++to.steps > mostSteps) return;
  to.seen(part, path, name);
  const within = new Set([...above, part]);
  const go = (next: SchemaPart, at: string, called: string | undefined): void =>
    describe(to, next, at, called, within);
  for (const same of alternatives(to.document, part)) go(same, path, name);
  for (const [property, next] of Object.entries(mapIn(part, "properties")))
    go(next, path === "" ? property : `${path}.${property}`, property);
  for (const next of Object.values(mapIn(part, "patternProperties"))) go(next, `${path}.*`, name);
  for (const next of further(part)) go(next, `${path}.*`, name);
  for (const next of [...listIn(part, "prefixItems"), ...itemsOf(part)])
    go(next, `${path}[]`, name);
}

interface Gathering {
  readonly document: SchemaDocument;
  readonly into: string[];
  /** Which objects were looked at by which schema: alternatives that hold each other would make ever more of them. */
  readonly met: Map<SchemaPart | undefined, Set<object>>;
}

/** The texts of what is marked in a value; all of it, once something above is. */
function gather(
  to: Gathering,
  part: SchemaPart | undefined,
  value: unknown,
  inherited: boolean,
  depth: number,
): void {
  if (value === null || value === undefined) return;
  if (to.into.length >= maxValues || depth > deepest) return;
  const isMarked = inherited || (part !== undefined && marks(part));
  const inside = isMarked ? undefined : part;
  if (typeof value === "object") {
    if (!meets(to.met, inside, value)) return;
    for (const [key, held] of Object.entries(value))
      for (const next of below(inside, key, Array.isArray(value)))
        if (next !== undefined || isMarked) gather(to, next, held, isMarked, depth + 1);
  } else if (isMarked && (typeof value === "string" || typeof value === "number"))
    to.into.push(String(value));
  if (typeof inside === "object")
    for (const same of alternatives(to.document, inside)) gather(to, same, value, false, depth + 1);
}

/** False when it was met before. */
function meets<Key>(met: Map<Key, Set<object>>, key: Key, value: object): boolean {
  let values = met.get(key);
  if (values === undefined) met.set(key, (values = new Set()));
  if (values.has(value)) return false;
  values.add(value);
  return true;
}

interface Covering {
  readonly document: SchemaDocument;
  readonly met: Map<SchemaPart, Set<number>>;
}

function covers(
  within: Covering,
  part: SchemaPart | undefined,
  place: readonly PropertyKey[],
): boolean {
  if (part === undefined || typeof part === "boolean") return false;
  if (marks(part)) return true;
  const lengths = within.met.get(part) ?? new Set();
  within.met.set(part, lengths);
  if (lengths.has(place.length)) return false;
  lengths.add(place.length);
  if (alternatives(within.document, part).some((same) => covers(within, same, place))) return true;
  const [key, ...rest] = place;
  if (key === undefined) return false;
  const named = below(part, String(key), false);
  const numbered = /^\d+$/.test(String(key)) ? below(part, String(key), true) : [];
  return [...named, ...numbered].some((next) => covers(within, next, rest));
}

/** The schemas that describe the same value. */
function alternatives(document: SchemaDocument, part: JsonSchema): SchemaPart[] {
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => listIn(part, keyword));
  const others = ["if", "then", "else"].flatMap((keyword) => partIn(part, keyword));
  if (!("$ref" in part)) return [...lists, ...others];
  try {
    return [...lists, ...others, document.resolve(part["$ref"])];
  } catch {
    return [...lists, ...others];
  }
}

/** What describes a member of a value; one `undefined` where nothing does. */
function below(
  part: SchemaPart | undefined,
  key: string,
  isList: boolean,
): (SchemaPart | undefined)[] {
  if (typeof part !== "object") return [undefined];
  if (isList) return [listIn(part, "prefixItems")[Number(key)] ?? itemsOf(part)[0]];
  const own = mapIn(part, "properties");
  if (Object.hasOwn(own, key)) return [own[key]];
  const patterns = Object.entries(mapIn(part, "patternProperties"))
    .filter(([pattern]) => fits(pattern, key))
    .map(([, next]) => next);
  return patterns.length > 0 ? patterns : [further(part)[0]];
}

function fits(pattern: string, key: string): boolean {
  try {
    return new RegExp(pattern, "u").test(key);
  } catch {
    return true;
  }
}

function further(part: JsonSchema): SchemaPart[] {
  return partIn(part, "additionalProperties");
}

function itemsOf(part: JsonSchema): SchemaPart[] {
  return partIn(part, "items");
}

function partIn(part: JsonSchema, keyword: string): SchemaPart[] {
  const found = part[keyword];
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? [found as JsonSchema]
    : [];
}

function listIn(part: JsonSchema, keyword: string): SchemaPart[] {
  const found = part[keyword];
  return Array.isArray(found) ? (found as SchemaPart[]) : [];
}

function mapIn(part: JsonSchema, keyword: string): Readonly<Record<string, SchemaPart>> {
  const found = part[keyword];
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? (found as Record<string, SchemaPart>)
    : {};
}
