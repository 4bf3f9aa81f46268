import type { JsonSchema } from "../schema.ts";
import { includedArray } from "./arrays.ts";
import { hasReference, isEqual, NotUnderstood, SchemaDocument, schemaList } from "./document.ts";
import type { SchemaPart } from "./document.ts";
import {
  type FindingCode,
  isProblem,
  listed,
  type SchemaFinding,
  shown,
  type Sides,
  type Verdict,
} from "./finding.ts";
import { includedObject } from "./objects.ts";
import { includedScalar } from "./scalars.ts";
import { isNever, isWhole, type Shape, shapesOf, typesOf, valuesOf } from "./shapes.ts";
import { includedInChoice } from "./unions.ts";

/** How a reader deals with what its schema does not describe. */
export type Undescribed =
  /** It validates, and refuses properties where its schema says `additionalProperties: false`. */
  | "refused"
  /** It does not validate: it passes over what it does not know, as a client does with an answer. */
  | "passed over";

/** How two schemas are compared. */
export interface CompareOptions {
  /** Default `refused`. */
  readonly undescribed?: Undescribed;
  readonly sides?: Sides;
}

/** A finding while alternatives are still being gathered. */
export interface Found extends SchemaFinding {
  /** Of a wrong type: what is sent, and what is taken; such findings of one place become one. */
  readonly types?: { readonly sent: string; readonly taken: readonly string[] };
}

/** Pairs of places that are looked at, at most; the largest schema of the shop needs 58. */
const mostSteps = 20_000;
/** How deep properties and items are entered, at most, where schemas go on for ever with new parts. */
const mostDepth = 100;

// Where the reader says one of these, it is understood only if the writer says the same; "all" of them go together.
const asserted: readonly { keywords: readonly string[]; of?: Shape["type"]; never?: true }[] = [
  { keywords: ["not"] },
  { keywords: ["if", "then", "else"], never: true },
  { keywords: ["$dynamicRef"], never: true },
  { keywords: ["$recursiveRef"], never: true },
  { keywords: ["contains", "minContains", "maxContains"], of: "array" },
  { keywords: ["unevaluatedItems"], of: "array", never: true },
  { keywords: ["additionalItems"], of: "array", never: true },
  { keywords: ["dependentRequired"], of: "object" },
  { keywords: ["dependentSchemas"], of: "object", never: true },
  { keywords: ["dependencies"], of: "object", never: true },
  { keywords: ["patternProperties"], of: "object", never: true },
  { keywords: ["unevaluatedProperties"], of: "object", never: true },
];

/** One comparison: does the reader take all that the writer may send? */
export class Comparison {
  readonly writer: SchemaDocument;
  readonly reader: SchemaDocument;
  readonly undescribed: Undescribed;
  readonly sides: Sides;
  readonly #sameDocument: boolean;
  readonly #ids = new Map<SchemaPart, number>();
  readonly #made = new Map<string, JsonSchema>();
  readonly #open = new Set<string>();
  #steps = 0;
  #depth = 0;

  constructor(writer: JsonSchema, reader: JsonSchema, options: CompareOptions) {
    this.writer = new SchemaDocument(writer);
    this.reader = new SchemaDocument(reader);
    this.undescribed = options.undescribed ?? "refused";
    this.sides = options.sides ?? { writer: "the writer", reader: "the reader" };
    this.#sameDocument = isEqual(writer, reader);
  }

  /** What of the values that hold to all of `sent` the reader's `taken` does not take; empty when it takes all. */
  compare(sent: readonly SchemaPart[], taken: SchemaPart, path: string): Found[] {
    const parts = sent.map((part) => this.writer.follow(part)).filter((part) => part !== true);
    const target = this.reader.follow(taken);
    const [only] = parts;
    if (parts.length === 1 && only !== undefined && this.#isSame(only, target)) return [];
    if (++this.#steps > mostSteps || this.#depth > mostDepth) return [this.#tooLarge(path)];
    // Met again on the way down, it holds if it holds everywhere else: a value ends somewhere.
    const key = this.#key(parts, target);
    if (this.#open.has(key)) return [];
    this.#open.add(key);
    this.#depth += 1;
    try {
      const shapes = shapesOf(parts, this.writer);
      return merged(
        shapes.flatMap((shape) => this.included(shape, target, path)),
        this.sides,
      );
    } catch (error) {
      if (error instanceof NotUnderstood) return [this.notUnderstood(path, error, "writer")];
      throw error;
    } finally {
      this.#depth -= 1;
      this.#open.delete(key);
    }
  }

  /** The same for one alternative of the writer's. `seen`: the reader's schemas on the way that entered no property or item. */
  included(
    shape: Shape,
    target: SchemaPart,
    path: string,
    seen: ReadonlySet<unknown> = new Set(),
  ): Found[] {
    if (target === true) return [];
    if (target === false || isNever(target)) {
      const { writer, reader } = this.sides;
      const message = `${writer} sends it, ${reader} takes nothing here`;
      return [this.found("incompatible", path, "refused", message)];
    }
    try {
      if (++this.#steps > mostSteps) return [this.#tooLarge(path)];
      if (seen.has(target)) throw new NotUnderstood("a reference to itself");
      return this.#conjuncts(shape, target, path, new Set([...seen, target]));
    } catch (error) {
      if (error instanceof NotUnderstood) return [this.notUnderstood(path, error, "reader")];
      throw error;
    }
  }

  #conjuncts(shape: Shape, target: JsonSchema, path: string, seen: ReadonlySet<unknown>): Found[] {
    const wrong = this.#type(shape, target, path) ?? this.#values(shape, target, path);
    // What else it says of a value of another type would only be said twice.
    if (wrong !== undefined) return wrong;
    const found: Found[] = [];
    if ("$ref" in target)
      found.push(...this.included(shape, this.reader.resolve(target["$ref"]), path, seen));
    for (const member of schemaList(target, "allOf"))
      found.push(...this.included(shape, member, path, seen).filter(isProblem));
    for (const keyword of ["anyOf", "oneOf"] as const) {
      if (!(keyword in target)) continue;
      // Who does not validate does not count how many alternatives fit.
      const exclusive = keyword === "oneOf" && this.undescribed === "refused";
      const branches = schemaList(target, keyword);
      found.push(...includedInChoice(this, shape, branches, exclusive, path, seen));
    }
    for (const group of asserted) found.push(...this.#asserted(shape, target, group, path));
    if (shape.type === "object") found.push(...includedObject(this, shape, target, path));
    else if (shape.type === "array") found.push(...includedArray(this, shape, target, path));
    else found.push(...includedScalar(this, shape, target, path));
    return found;
  }

  #type(shape: Shape, target: JsonSchema, path: string): Found[] | undefined {
    const taken = typesOf(target);
    if (taken === undefined || taken.includes(shape.type)) return undefined;
    if (shape.type === "integer" && taken.includes("number")) return undefined;
    if (isWhole(shape) && taken.includes("integer")) return undefined;
    return [this.wrongType(path, shape, taken)];
  }

  #values(shape: Shape, target: JsonSchema, path: string): Found[] | undefined {
    const taken = valuesOf(target);
    if (taken === undefined) return undefined;
    const { writer, reader } = this.sides;
    const allowed = `${reader} takes only ${listed(taken.map(shown))}`;
    if (shape.values === undefined)
      return [
        this.found("incompatible", path, "value", `${writer} sends any ${shape.type}, ${allowed}`),
      ];
    const strange = shape.values.filter((value) => !taken.some((other) => isEqual(value, other)));
    if (strange.length === 0) return undefined;
    return strange.map((value) =>
      this.found("incompatible", path, "value", `${writer} sends ${shown(value)}, ${allowed}`),
    );
  }

  #asserted(
    shape: Shape,
    target: JsonSchema,
    { keywords, of, never }: (typeof asserted)[number],
    path: string,
  ): Found[] {
    if (!keywords.some((keyword) => keyword in target)) return [];
    if (of !== undefined && of !== shape.type) return [];
    const isThere =
      never === undefined &&
      shape.parts.some((part) =>
        keywords.every(
          (keyword) =>
            isEqual(part[keyword], target[keyword]) &&
            (this.#sameDocument || !hasReference(target[keyword])),
        ),
      );
    if (isThere) return [];
    return [
      this.notUnderstood(path, new NotUnderstood(`the keyword ${keywords[0] ?? ""}`), "reader"),
    ];
  }

  /** A schema of the writer's side that takes the one value; the same object for the same value. */
  constant(value: unknown): JsonSchema {
    return this.#kept(`= ${JSON.stringify(value)}`, () => ({ const: value }));
  }

  /** The same for objects whose property has the one value. */
  constantProperty(name: string, value: unknown): JsonSchema {
    return this.#kept(`${JSON.stringify(name)} ${JSON.stringify(value)}`, () => ({
      properties: { [name]: this.constant(value) },
    }));
  }

  // Made anew, it would be another place each time, and a schema that holds itself would have no end.
  #kept(key: string, make: () => JsonSchema): JsonSchema {
    let schema = this.#made.get(key);
    if (schema === undefined) this.#made.set(key, (schema = make()));
    return schema;
  }

  found(verdict: Verdict, path: string, code: FindingCode, message: string): Found {
    return { verdict, path, code, message };
  }

  #tooLarge(path: string): Found {
    return this.found("unknown", path, "too_large", "the schemas are too large to be compared");
  }

  wrongType(path: string, shape: Shape, taken: readonly string[]): Found {
    const types = { sent: shape.type, taken };
    return { ...this.found("incompatible", path, "type", typeText([types], this.sides)), types };
  }

  notUnderstood(path: string, { message }: NotUnderstood, side: keyof Sides): Found {
    const text = `${message}, which ${this.sides[side]}'s schema has here, cannot be compared`;
    return this.found("unknown", path, "not_understood", text);
  }

  #isSame(a: SchemaPart, b: SchemaPart): boolean {
    return isEqual(a, b) && (this.#sameDocument || !hasReference(a));
  }

  #key(parts: readonly SchemaPart[], target: SchemaPart): string {
    const ids = [...new Set(parts.map((part) => this.#id(part)))].sort((a, b) => a - b);
    return `${ids.join()}>${this.#id(target)}`;
  }

  #id(part: SchemaPart): number {
    let id = this.#ids.get(part);
    if (id === undefined) this.#ids.set(part, (id = this.#ids.size));
    return id;
  }
}

function typeText(types: readonly Required<Found>["types"][], { writer, reader }: Sides): string {
  const sent = [...new Set(types.map((type) => type.sent))];
  const taken = [...new Set(types.flatMap((type) => type.taken))];
  return `${writer} sends ${listed(sent)}, ${reader} takes ${listed(taken)}`;
}

/** Each finding once, and the wrong types of one place as one. */
function merged(found: readonly Found[], sides: Sides): Found[] {
  const result = new Map<string, Found>();
  for (const finding of found) {
    if (finding.types === undefined) {
      result.set(`${finding.path}\n${finding.code}\n${finding.message}`, finding);
      continue;
    }
    const key = `${finding.path}\ntype\n${finding.types.taken.join()}`;
    const earlier = result.get(key);
    if (earlier?.types === undefined) {
      result.set(key, finding);
      continue;
    }
    const sent = [...new Set([...earlier.types.sent.split(", "), finding.types.sent])];
    const { taken } = earlier.types;
    const message = typeText(
      sent.map((type) => ({ sent: type, taken })),
      sides,
    );
    result.set(key, { ...earlier, message, types: { sent: sent.join(", "), taken } });
  }
  return [...result.values()];
}
