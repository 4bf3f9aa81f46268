import { seededRandom } from "@kerf/kernel";
import { quantileOf } from "./figures.ts";

/** How often the values are drawn anew (Efron's bootstrap), and the share of the results that the interval holds. */
const draws = 2_000;
const share = 0.95;

/** How many times the median of some values is that of others, with the interval that chance leaves. */
export interface Ratio {
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/** What can be said of two sets of measurements; undefined when one of them is empty. The same for the same values. */
export function ratioOfMedians(
  before: readonly number[],
  after: readonly number[],
): Ratio | undefined {
  const medianOf = (values: readonly number[]): number => quantileOf(values, 0.5) ?? 0;
  if (before.length === 0 || after.length === 0 || medianOf(before) === 0) return undefined;
  const random = seededRandom(1);
  const drawn = (values: readonly number[]): number[] =>
    values.map(() => values[Math.floor(random.next() * values.length)] as number);
  const ratios = Array.from(
    { length: draws },
    () => medianOf(drawn(after)) / medianOf(drawn(before)),
  );
  return {
    value: medianOf(after) / medianOf(before),
    least: quantileOf(ratios, (1 - share) / 2) ?? 0,
    most: quantileOf(ratios, (1 + share) / 2) ?? 0,
  };
}
