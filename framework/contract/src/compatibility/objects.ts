import type { JsonSchema } from "../schema.ts";
import type { Comparison, Found } from "./comparison.ts";
import { schemaMap, schemaPart, type SchemaPart } from "./document.ts";
import { propertyPath } from "./finding.ts";
import { countBounds } from "./scalars.ts";
import type { Shape } from "./shapes.ts";

/**
 * What a writer's objects hold. Only what its schema describes is sent: a schema with `properties` and no `additionalProperties` takes
 * more, but nobody who goes by its types sends more. Of a union a value is one member, and has no properties of the others.
 */
export interface ObjectParts {
  readonly described: readonly string[];
  readonly required: ReadonlySet<string>;
  /** Schemas of any further property; undefined when there is none. */
  readonly further: readonly SchemaPart[] | undefined;
  /** Schemas that the property holds to. */
  property(name: string): SchemaPart[];
}

/** What the parts of an alternative say of its properties together. */
export function objectParts({ parts }: Pick<Shape, "parts">): ObjectParts {
  const required = new Set(parts.flatMap(requiredOf));
  const maps = parts.map((part) => schemaMap(part, "properties"));
  const described = new Set([...maps.flatMap(Object.keys), ...required]);
  return {
    described: [...described],
    required,
    further: furtherOf(parts),
    property: (name) =>
      parts.map((part, index) => {
        const own = maps[index] as Readonly<Record<string, SchemaPart>>;
        if (Object.hasOwn(own, name)) return schemaPart(own[name], `the property ${name}`);
        return "additionalProperties" in part ? additionalOf(part) : true;
      }),
  };
}

function furtherOf(parts: readonly JsonSchema[]): readonly SchemaPart[] | undefined {
  const named = parts.filter((part) => "additionalProperties" in part).map(additionalOf);
  if (named.includes(false)) return undefined;
  if (named.length > 0) return named;
  return parts.some((part) => "properties" in part) ? undefined : [];
}

function additionalOf(schema: JsonSchema): SchemaPart {
  return schemaPart(schema["additionalProperties"], "the keyword additionalProperties");
}

function requiredOf(schema: JsonSchema): string[] {
  const { required } = schema;
  return Array.isArray(required) ? (required as string[]) : [];
}

/** What of the writer's objects the reader's own keywords do not take. */
export function includedObject(
  comparison: Comparison,
  shape: Shape,
  target: JsonSchema,
  path: string,
): Found[] {
  const sent = objectParts(shape);
  const { writer, reader } = comparison.sides;
  const found: Found[] = [];
  for (const name of requiredOf(target)) {
    if (sent.required.has(name)) continue;
    const how =
      sent.described.includes(name) || sent.further !== undefined
        ? "may leave it out"
        : "does not send it";
    const message = `${writer} ${how}, ${reader} needs it`;
    found.push(comparison.found("incompatible", propertyPath(path, name), "absent", message));
  }
  const taken = schemaMap(target, "properties");
  for (const name of sent.described) {
    const at = propertyPath(path, name);
    found.push(
      ...(Object.hasOwn(taken, name)
        ? comparison.compare(
            sent.property(name),
            schemaPart(taken[name], `the property ${name}`),
            at,
          )
        : undescribed(comparison, sent.property(name), target, at)),
    );
  }
  if (sent.further !== undefined) {
    for (const [name, part] of Object.entries(taken)) {
      if (!sent.described.includes(name))
        found.push(...comparison.compare(sent.further, part, propertyPath(path, name)));
    }
    found.push(...undescribed(comparison, sent.further, target, path === "" ? "*" : `${path}.*`));
  }
  const least = sent.required.size;
  const most = sent.further === undefined ? sent.described.length : Number.POSITIVE_INFINITY;
  const unit = {
    min: "minProperties",
    max: "maxProperties",
    unit: "properties",
    code: "properties",
  } as const;
  found.push(
    ...names(comparison, shape, sent, target, path),
    ...countBounds(comparison, shape, target, path, { ...unit, least, most }),
  );
  return found;
}

/** A property that the reader's `properties` do not name. */
function undescribed(
  comparison: Comparison,
  parts: readonly SchemaPart[],
  target: JsonSchema,
  path: string,
): Found[] {
  const { writer, reader } = comparison.sides;
  if (!("additionalProperties" in target)) {
    return "properties" in target && comparison.undescribed === "refused"
      ? [
          comparison.found(
            "compatible",
            path,
            "ignored",
            `${writer} sends it, ${reader} does not read it`,
          ),
        ]
      : [];
  }
  const additional = additionalOf(target);
  if (additional !== false) return comparison.compare(parts, additional, path);
  if (
    comparison.undescribed === "passed over" ||
    comparison.compare(parts, false, path).length === 0
  )
    return [];
  return [
    comparison.found("incompatible", path, "refused", `${writer} sends it, ${reader} refuses it`),
  ];
}

function names(
  comparison: Comparison,
  { parts }: Shape,
  sent: ObjectParts,
  target: JsonSchema,
  path: string,
): Found[] {
  if (!("propertyNames" in target)) return [];
  const taken = schemaPart(target["propertyNames"], "the keyword propertyNames");
  const checked = (schemas: readonly SchemaPart[], at: string): Found[] =>
    comparison
      .compare(schemas, taken, at)
      .map(
        (finding) =>
          ({ ...finding, code: "name", message: `its name: ${finding.message}` }) as const,
      );
  const own = parts.map((part) =>
    schemaPart(part["propertyNames"] ?? true, "the keyword propertyNames"),
  );
  const found = sent.described.flatMap((name) =>
    checked([comparison.constant(name), ...own], propertyPath(path, name)),
  );
  if (sent.further === undefined) return found;
  return [...found, ...checked([{ type: "string" }, ...own], path === "" ? "*" : `${path}.*`)];
}
