import type { JsonSchema } from "../schema.ts";
import type { Comparison, Found } from "./comparison.ts";
import { NotUnderstood, schemaList, schemaPart, type SchemaPart } from "./document.ts";
import { countBounds } from "./scalars.ts";
import type { Shape } from "./shapes.ts";

/** What of the writer's arrays the reader's own keywords do not take. */
export function includedArray(
  comparison: Comparison,
  shape: Shape,
  target: JsonSchema,
  path: string,
): Found[] {
  const sent = shape.parts.map(itemsOf);
  const taken = itemsOf(target);
  const most = Math.min(...sent.map(({ most: own }) => own), Number.POSITIVE_INFINITY);
  const described = Math.max(0, ...sent.map(({ prefix }) => prefix.length));
  const item = (index: number): SchemaPart[] =>
    sent.map(({ prefix, rest }) => prefix[index] ?? rest ?? true);
  const unit = { min: "minItems", max: "maxItems", unit: "items", code: "items" } as const;
  // `items: false` is a bound, which a tuple without a rest has.
  const bounds =
    taken.rest === false
      ? { ...target, maxItems: Math.min(taken.most, taken.prefix.length) }
      : target;
  const found = countBounds(comparison, shape, bounds, path, { ...unit, most });
  const places = Math.min(most, Math.max(taken.prefix.length, described));
  for (let index = 0; index < places; index += 1) {
    // `false` as the rest is the bound above.
    const place = taken.prefix[index] ?? (taken.rest === false ? undefined : taken.rest);
    if (place === undefined) continue;
    found.push(...comparison.compare(item(index), place, `${path}[${index}]`));
  }
  if (most > places && taken.rest !== undefined && taken.rest !== false)
    found.push(...comparison.compare(item(places), taken.rest, `${path}[]`));
  if (
    target["uniqueItems"] === true &&
    !shape.parts.some((part) => part["uniqueItems"] === true) &&
    most > 1
  ) {
    const { writer, reader } = comparison.sides;
    const message = `${writer} sends items that may be the same, ${reader} takes each once`;
    found.push(comparison.found("incompatible", path, "items", message));
  }
  return found;
}

/** What a schema says of an array: its first items, all that follow, how many there are at most. */
function itemsOf(schema: JsonSchema): {
  prefix: SchemaPart[];
  rest: SchemaPart | undefined;
  most: number;
} {
  const { items, maxItems } = schema;
  if (Array.isArray(items))
    throw new NotUnderstood("a list as items, as drafts before 2020-12 have it");
  const prefix = schemaList(schema, "prefixItems");
  const rest = items === undefined ? undefined : schemaPart(items, "the keyword items");
  const most = Math.min(
    typeof maxItems === "number" ? maxItems : Number.POSITIVE_INFINITY,
    rest === false ? prefix.length : Number.POSITIVE_INFINITY,
  );
  return { prefix, rest, most };
}
