/** Most differences that are named of one pair of answers. */
const mostNamed = 20;
/** Deepest values that are compared, as deep as a request's JSON may nest. */
const deepest = 128;
/** Longest text of a value that is shown. */
const shownLength = 64;

/** Where two JSON values differ. */
export interface Difference {
  /** `$.items[0].price` */
  readonly path: string;
  /** What stands there on each side, shortened; `nothing` for a field that is missing. */
  readonly values: readonly [string, string];
}

/** Paths that may differ, ready to be looked up: `$.items[*].price`. */
export class IgnoredPaths {
  readonly #pattern: RegExp | undefined;

  constructor(paths: readonly string[] = []) {
    if (paths.length === 0) return;
    const patterns = paths.map((path) =>
      path
        .replaceAll("[*]", "[\u0000]")
        .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
        .replaceAll("\u0000", String.raw`\d+`),
    );
    this.#pattern = new RegExp(`^(?:${patterns.join("|")})(?:[.[].*)?$`, "s");
  }

  has(path: string): boolean {
    return this.#pattern?.test(path) === true;
  }
}

/** The first differences of two JSON values, field by field; lists item by item. */
export function jsonDifferences(one: unknown, other: unknown, ignored: IgnoredPaths): Difference[] {
  const found: Difference[] = [];
  compare("$", one, other, ignored, found, 0);
  return found;
}

function compare(
  path: string,
  one: unknown,
  other: unknown,
  ignored: IgnoredPaths,
  found: Difference[],
  depth: number,
): void {
  if (found.length >= mostNamed || Object.is(one, other) || ignored.has(path)) return;
  const bothObjects =
    isObject(one) && isObject(other) && Array.isArray(one) === Array.isArray(other);
  if (!bothObjects || depth >= deepest) {
    found.push({ path, values: [shown(one), shown(other)] });
    return;
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    for (let index = 0; index < Math.max(one.length, other.length); index++)
      compare(`${path}[${index}]`, one[index], other[index], ignored, found, depth + 1);
    return;
  }
  const [a, b] = [one as Record<string, unknown>, other as Record<string, unknown>];
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
    compare(`${path}.${name}`, own(a, name), own(b, name), ignored, found, depth + 1);
}

function own(value: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
}
