import type { JsonSchema } from "../schema.ts";
import type { Comparison, Found } from "./comparison.ts";
import { numberOf } from "./document.ts";
import { shown } from "./finding.ts";
import { isWhole, type Shape } from "./shapes.ts";

/** What of a string's or a number's values the reader's own keywords do not take; nothing for null and boolean. */
export function includedScalar(
  comparison: Comparison,
  shape: Shape,
  target: JsonSchema,
  path: string,
): Found[] {
  const isText = shape.type === "string";
  if (!isText && shape.type !== "integer" && shape.type !== "number") return [];
  if (shape.values !== undefined) {
    // What the writer's own keywords rule out is not sent.
    const sent = shape.values.filter(
      (value) => !shape.parts.some((part) => literalFits(value, part) === "no"),
    );
    return sent.flatMap((value) => literal(comparison, value, target, path));
  }
  return isText
    ? [...lengths(comparison, shape, target, path), ...formats(comparison, shape, target, path)]
    : [...ranges(comparison, shape, target, path), ...multiples(comparison, shape, target, path)];
}

function literal(
  comparison: Comparison,
  value: unknown,
  target: JsonSchema,
  path: string,
): Found[] {
  const verdict = literalFits(value, target);
  if (verdict === "yes") return [];
  const { writer, reader } = comparison.sides;
  return verdict === "no"
    ? [
        comparison.found(
          "incompatible",
          path,
          "value",
          `${writer} sends ${shown(value)}, which ${reader} refuses`,
        ),
      ]
    : [
        comparison.found(
          "unknown",
          path,
          "format",
          `whether ${shown(value)} has the format ${shown(target["format"])}, which ${reader} wants, is not known`,
        ),
      ];
}

type Fits = "yes" | "no" | "unknown";

function literalFits(value: unknown, target: JsonSchema): Fits {
  return typeof value === "string" ? textFits(value, target) : numberFits(value as number, target);
}

function textFits(value: string, target: JsonSchema): Fits {
  const length = Array.from(value).length;
  if (length < (numberOf(target, "minLength") ?? 0)) return "no";
  if (length > (numberOf(target, "maxLength") ?? Number.POSITIVE_INFINITY)) return "no";
  if (typeof target["pattern"] === "string") {
    try {
      if (!new RegExp(target["pattern"], "u").test(value)) return "no";
    } catch {
      return "unknown";
    }
  }
  return "format" in target ? "unknown" : "yes";
}

function numberFits(value: number, target: JsonSchema): Fits {
  const below = lowest([target], false);
  const above = highest([target], false);
  if (below !== undefined && (value < below.at || (below.exclusive && value === below.at)))
    return "no";
  if (above !== undefined && (value > above.at || (above.exclusive && value === above.at)))
    return "no";
  const step = numberOf(target, "multipleOf");
  if (step === undefined || Number.isInteger(value / step)) return "yes";
  // Of fractions, such as 0.3 and 0.1, validators say different things.
  return Number.isInteger(step) ? "no" : "unknown";
}

function lengths(comparison: Comparison, shape: Shape, target: JsonSchema, path: string): Found[] {
  return countBounds(comparison, shape, target, path, {
    min: "minLength",
    max: "maxLength",
    unit: "characters",
    code: "length",
  });
}

/** Compares a lower and an upper bound of a count. */
export function countBounds(
  comparison: Comparison,
  shape: Shape,
  target: JsonSchema,
  path: string,
  options: {
    min: string;
    max: string;
    unit: string;
    code: "length" | "items" | "properties";
    /** What follows from other keywords of the writer's. */
    least?: number;
    most?: number;
  },
): Found[] {
  const { writer, reader } = comparison.sides;
  const least = Math.max(
    options.least ?? 0,
    ...shape.parts.map((part) => numberOf(part, options.min) ?? 0),
  );
  const most = Math.min(
    options.most ?? Number.POSITIVE_INFINITY,
    ...shape.parts.map((part) => numberOf(part, options.max) ?? Number.POSITIVE_INFINITY),
  );
  const atLeast = numberOf(target, options.min) ?? 0;
  const atMost = numberOf(target, options.max) ?? Number.POSITIVE_INFINITY;
  const found: Found[] = [];
  if (least < atLeast) {
    const message = `${writer} sends ${least === 0 ? "none" : `as few as ${least}`}, ${reader} takes at least ${atLeast} ${options.unit}`;
    found.push(comparison.found("incompatible", path, options.code, message));
  }
  if (most > atMost) {
    const message = `${writer} sends ${Number.isFinite(most) ? `up to ${most}` : "any number of"} ${options.unit}, ${reader} takes at most ${atMost}`;
    found.push(comparison.found("incompatible", path, options.code, message));
  }
  return found;
}

function formats(comparison: Comparison, shape: Shape, target: JsonSchema, path: string): Found[] {
  const { writer, reader } = comparison.sides;
  const { format, pattern } = target;
  const own = (keyword: string): unknown[] =>
    shape.parts.map((part) => part[keyword]).filter((value) => value !== undefined);
  const isFree = own("format").length === 0 && own("pattern").length === 0;
  if (format !== undefined && !own("format").includes(format)) {
    // A schema library writes the pattern of a format beside it: one change, one finding.
    return [
      isFree
        ? comparison.found(
            "incompatible",
            path,
            "format",
            `${writer} sends any string, ${reader} takes only the format ${shown(format)}`,
          )
        : comparison.found(
            "unknown",
            path,
            "format",
            `whether what ${writer} sends has the format ${shown(format)}, which ${reader} wants, is not known`,
          ),
    ];
  }
  if (pattern === undefined || own("pattern").includes(pattern)) return [];
  return [
    isFree
      ? comparison.found(
          "incompatible",
          path,
          "pattern",
          `${writer} sends any string, ${reader} takes only what fits ${shown(pattern)}`,
        )
      : comparison.found(
          "unknown",
          path,
          "pattern",
          `whether what ${writer} sends fits ${shown(pattern)}, which ${reader} wants, is not known`,
        ),
  ];
}

interface Bound {
  readonly at: number;
  readonly exclusive: boolean;
}

/** The highest of the lower bounds; for whole numbers one that is taken itself. */
function lowest(parts: readonly JsonSchema[], whole: boolean): Bound | undefined {
  let bound: Bound | undefined;
  for (const part of parts) {
    for (const [keyword, exclusive] of [
      ["minimum", false],
      ["exclusiveMinimum", true],
    ] as const) {
      const given = numberOf(part, keyword);
      if (given === undefined) continue;
      const next = whole
        ? { at: exclusive ? Math.floor(given) + 1 : Math.ceil(given), exclusive: false }
        : { at: given, exclusive };
      if (bound === undefined || next.at > bound.at || (next.at === bound.at && exclusive))
        bound = next;
    }
  }
  return bound;
}

/** The lowest of the upper bounds. */
function highest(parts: readonly JsonSchema[], whole: boolean): Bound | undefined {
  const mirrored = parts.map((part) => ({
    ...(numberOf(part, "maximum") === undefined ? {} : { minimum: -(part["maximum"] as number) }),
    ...(numberOf(part, "exclusiveMaximum") === undefined
      ? {}
      : { exclusiveMinimum: -(part["exclusiveMaximum"] as number) }),
  }));
  const bound = lowest(mirrored, whole);
  return bound === undefined ? undefined : { at: -bound.at, exclusive: bound.exclusive };
}

function ranges(comparison: Comparison, shape: Shape, target: JsonSchema, path: string): Found[] {
  const { writer, reader } = comparison.sides;
  const whole = isWhole(shape);
  const found: Found[] = [];
  for (const [bound, low] of [
    [lowest, true],
    [highest, false],
  ] as const) {
    const taken = bound([target], whole);
    if (taken === undefined) continue;
    const sent = bound(shape.parts, whole);
    const fits =
      sent !== undefined &&
      ((low ? sent.at > taken.at : sent.at < taken.at) ||
        (sent.at === taken.at && (sent.exclusive || !taken.exclusive)));
    if (fits) continue;
    const limit = low ? "at least" : "at most";
    const reach =
      sent === undefined ? "any number" : `numbers ${low ? "down" : "up"} to ${sent.at}`;
    const message = `${writer} sends ${reach}, ${reader} takes ${taken.exclusive ? (low ? "only more than" : "only less than") : limit} ${taken.at}`;
    found.push(comparison.found("incompatible", path, "range", message));
  }
  return found;
}

function multiples(
  comparison: Comparison,
  shape: Shape,
  target: JsonSchema,
  path: string,
): Found[] {
  const step = numberOf(target, "multipleOf");
  if (step === undefined || (step === 1 && isWhole(shape))) return [];
  const sent = shape.parts
    .map((part) => numberOf(part, "multipleOf"))
    .filter((own) => own !== undefined);
  const fits = (own: number): boolean =>
    own === step || (Number.isInteger(own) && Number.isInteger(step) && own % step === 0);
  if (sent.some(fits)) return [];
  const { writer, reader } = comparison.sides;
  return [
    sent.length === 0
      ? comparison.found(
          "incompatible",
          path,
          "multiple",
          `${writer} sends any ${shape.type}, ${reader} takes multiples of ${step}`,
        )
      : comparison.found(
          "unknown",
          path,
          "multiple",
          `whether what ${writer} sends is a multiple of ${step}, which ${reader} wants, is not known`,
        ),
  ];
}
