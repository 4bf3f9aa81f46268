import type { Bucket } from "../otlp/received.ts";

/** Adds up histograms, also such whose buckets differ, and tells their quantiles. */
export class Histogram {
  readonly #buckets = new Map<string, [low: number, high: number, count: number]>();
  #count = 0;
  #sum = 0;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  add(buckets: readonly Bucket[], count: number, sum: number): void {
    this.#count += count;
    this.#sum += sum;
    for (const [low, high, more] of buckets) {
      const key = `${low}:${high}`;
      const known = this.#buckets.get(key);
      if (known === undefined) this.#buckets.set(key, [low, high, more]);
      else known[2] += more;
    }
  }

  /**
   * The values below which these shares lie (0 to 1, ascending), as if what is in a bucket were spread evenly over it. Nobody knows how far the
   * outermost ones reach: what is there counts as their inner bound, or as between zero and it. Undefined for each when there are no buckets.
   */
  quantiles(shares: readonly number[]): (number | undefined)[] {
    const steps = stepsOf(this.#buckets.values());
    let total = 0;
    for (const [, , count] of this.#buckets.values()) total += count;
    const answers: (number | undefined)[] = [];
    let [below, density, at] = [0, 0, 0];
    let from = steps[0]?.at ?? 0;
    for (const share of shares) {
      const wanted = share * total;
      let answer: number | undefined;
      while (at < steps.length) {
        const step = steps[at] as Step;
        const reached = below + density * (step.at - from);
        // Sums of fractions miss the last of them by a little, which must not lead beyond an empty stretch.
        if (reached >= wanted - total * 1e-9 && density > 0) {
          answer = Math.min(step.at, from + (wanted - below) / density);
          break;
        }
        below = reached;
        from = step.at;
        if (below + step.mass >= wanted && step.mass > 0) {
          answer = from;
          break;
        }
        below += step.mass;
        density = Math.max(0, density + step.more);
        at++;
      }
      answers.push(answer ?? (total > 0 ? steps.at(-1)?.at : undefined));
    }
    return answers;
  }

  /** How many values are not above `bound`, as if what is in a bucket were spread evenly over it. */
  below(bound: number): number {
    let below = 0;
    for (const [low, high, count] of this.#buckets.values()) {
      const from = low === Number.NEGATIVE_INFINITY ? Math.min(0, high) : low;
      if (high <= bound) below += count;
      else if (from < bound && high !== Number.POSITIVE_INFINITY)
        below += (count * (bound - from)) / (high - from);
    }
    return below;
  }
}

/** A value at which the density of what was measured changes, or on which something lies itself. */
interface Step {
  readonly at: number;
  more: number;
  mass: number;
}

function stepsOf(buckets: Iterable<Bucket>): Step[] {
  const steps = new Map<number, Step>();
  const stepAt = (at: number): Step => {
    const known = steps.get(at);
    if (known !== undefined) return known;
    const step = { at, more: 0, mass: 0 };
    steps.set(at, step);
    return step;
  };
  for (const [low, high, count] of buckets) {
    if (high === Number.POSITIVE_INFINITY) {
      stepAt(low === Number.NEGATIVE_INFINITY ? 0 : low).mass += count;
      continue;
    }
    const from = low === Number.NEGATIVE_INFINITY ? Math.min(0, high) : low;
    if (from === high) stepAt(high).mass += count;
    else {
      const density = count / (high - from);
      stepAt(from).more += density;
      stepAt(high).more -= density;
    }
  }
  return [...steps.values()].sort((one, other) => one.at - other.at);
}
