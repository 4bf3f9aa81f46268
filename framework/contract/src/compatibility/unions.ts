import type { Comparison, Found } from "./comparison.ts";
import { isEqual, NotUnderstood, type SchemaDocument, type SchemaPart } from "./document.ts";
import { isProblem, shown } from "./finding.ts";
import { objectParts } from "./objects.ts";
import { literalShape, type Shape, shapesOf } from "./shapes.ts";

/** How deep properties are looked at to tell alternatives apart; a discriminator lies at the top. */
const mostDepth = 3;
/** More values of a discriminator than this are not tried one by one. */
const mostValues = 64;

/** What of one alternative of the writer's none of the reader's alternatives takes; with `exclusive` exactly one must. */
export function includedInChoice(
  comparison: Comparison,
  shape: Shape,
  branches: readonly SchemaPart[],
  exclusive: boolean,
  path: string,
  seen: ReadonlySet<unknown>,
): Found[] {
  const tried = branches.map((branch) => comparison.included(shape, branch, path, seen));
  const hit = tried.findIndex((found) => !found.some(isProblem));
  const apart = branches.map((branch) => isApart(comparison, shape, branch, false));
  if (hit >= 0) {
    if (!exclusive || apart.every((isOther, index) => isOther || index === hit))
      return tried[hit] ?? [];
    const what = new NotUnderstood("oneOf with alternatives that are not told apart by a constant");
    return [comparison.notUnderstood(path, what, "reader")];
  }
  const split = splitUp(comparison, shape, branches);
  if (split.length > 1)
    return split.flatMap((part) =>
      includedInChoice(comparison, part, branches, exclusive, path, seen),
    );
  // The one that it names by a constant is the one that it means, however little they agree otherwise.
  const named = tried.filter(
    (_found, index) => !isApart(comparison, shape, branches[index] as SchemaPart, true),
  );
  if (named.length === 1) return named[0] ?? [];
  const near = tried.filter((_found, index) => apart[index] !== true);
  if (near.length === 1) return near[0] ?? [];
  if (near.length > 1) return [noneAlone(comparison, path)];
  return [noneAtAll(comparison, shape, tried, path)];
}

function noneAlone(comparison: Comparison, path: string): Found {
  const { writer, reader } = comparison.sides;
  const message = `no alternative of ${reader}'s takes by itself all that ${writer} sends; together they might`;
  return comparison.found("unknown", path, "alternative", message);
}

function noneAtAll(
  comparison: Comparison,
  shape: Shape,
  tried: readonly (readonly Found[])[],
  path: string,
): Found {
  const { writer, reader } = comparison.sides;
  const types = tried.flat().filter((finding) => finding.path === path && finding.types);
  if (types.length >= tried.length && types.length > 0)
    return comparison.wrongType(
      path,
      shape,
      types.flatMap(({ types: own }) => own?.taken ?? []),
    );
  const what =
    shape.values?.length === 1 && shape.type !== "object" && shape.type !== "array"
      ? shown(shape.values[0])
      : (discriminator(comparison, shape) ?? `an alternative of type ${shape.type}`);
  const message = `${writer} sends ${what}, which is none of the alternatives of ${reader}`;
  return comparison.found("incompatible", path, "alternative", message);
}

/** `kind "express"`, from a required property with a single value. */
function discriminator(comparison: Comparison, shape: Shape): string | undefined {
  if (shape.type !== "object") return undefined;
  const sent = objectParts(shape);
  for (const name of sent.required) {
    const values = literals(sent.property(name), comparison.writer);
    if (values?.length === 1) return `an object with ${name} ${shown(values[0])}`;
  }
  return undefined;
}

/** The alternative as several that hold it together, by the values of a property that the reader's alternatives are told apart by. */
function splitUp(
  comparison: Comparison,
  shape: Shape,
  branches: readonly SchemaPart[],
): readonly Shape[] {
  if (shape.values !== undefined && shape.type !== "object" && shape.type !== "array")
    return shape.values.map((value) => ({ ...literalShape(value), parts: shape.parts }));
  if (shape.type !== "object") return [shape];
  const sent = objectParts(shape);
  for (const name of sent.required) {
    const values = literals(sent.property(name), comparison.writer);
    if (values === undefined || values.length < 2 || values.length > mostValues) continue;
    if (!branches.some((branch) => tellsApart(comparison, branch, name))) continue;
    return values.map((value) => ({
      ...shape,
      parts: [...shape.parts, comparison.constantProperty(name, value)],
    }));
  }
  return [shape];
}

function tellsApart(comparison: Comparison, branch: SchemaPart, name: string): boolean {
  return shapesOrNone(branch, comparison.reader).some(
    (shape) =>
      shape.type === "object" &&
      literals(objectParts(shape).property(name), comparison.reader) !== undefined,
  );
}

/** All values that a property can have, when these are known. */
function literals(
  parts: readonly SchemaPart[],
  document: SchemaDocument,
): readonly unknown[] | undefined {
  try {
    const shapes = shapesOf(parts, document);
    if (shapes.some(({ values }) => values === undefined)) return undefined;
    const values = shapes.flatMap(({ values: own }) => own ?? []);
    return values.filter((value, at) => values.findIndex((other) => isEqual(value, other)) === at);
  } catch (error) {
    if (error instanceof NotUnderstood) return undefined;
    throw error;
  }
}

function shapesOrNone(part: SchemaPart, document: SchemaDocument): Shape[] {
  try {
    return shapesOf([part], document);
  } catch (error) {
    if (error instanceof NotUnderstood) return [];
    throw error;
  }
}

/** Whether surely no value of the alternative is taken by the branch; `byConstant`: told by type and constants alone. */
function isApart(
  comparison: Comparison,
  shape: Shape,
  branch: SchemaPart,
  byConstant: boolean,
): boolean {
  try {
    return shapesOf([branch], comparison.reader).every((other) =>
      areApart(comparison, shape, other, { byConstant, depth: 0 }),
    );
  } catch (error) {
    if (error instanceof NotUnderstood) return false;
    throw error;
  }
}

function areApart(
  comparison: Comparison,
  sent: Shape,
  taken: Shape,
  { byConstant, depth }: { byConstant: boolean; depth: number },
): boolean {
  const isNumber = ({ type }: Shape): boolean => type === "integer" || type === "number";
  const isOtherType = sent.type !== taken.type && !(isNumber(sent) && isNumber(taken));
  if (isOtherType && !(byConstant && depth > 0)) return true;
  if (sent.values !== undefined && taken.values !== undefined)
    return !sent.values.some((value) => taken.values?.some((other) => isEqual(value, other)));
  if (sent.type !== "object" || depth >= mostDepth) return false;
  const [own, others] = [objectParts(sent), objectParts(taken)];
  const names = new Set([...own.required, ...others.required]);
  return [...names].some((name) => {
    const isSent = own.described.includes(name);
    if (!isSent && own.further === undefined) return !byConstant && others.required.has(name);
    const schemas = [
      isSent ? own.property(name) : (own.further ?? []),
      others.property(name),
    ] as const;
    const [mine, theirs] = [
      shapesOf(schemas[0], comparison.writer),
      shapesOf(schemas[1], comparison.reader),
    ];
    return mine.every((a) =>
      theirs.every((b) => areApart(comparison, a, b, { byConstant, depth: depth + 1 })),
    );
  });
}
