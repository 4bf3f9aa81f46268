import type { Bucket } from "../otlp/received.ts";

/** Most buckets of one histogram; SDKs make 16 with given bounds, and 160 that grow by a factor. */
export const maxBuckets = 2_000;

/** One side of a histogram whose buckets grow by a factor, as OpenTelemetry writes it. */
export interface ExponentialSide {
  /** The first bucket's number; it may be negative. */
  readonly offset: number;
  readonly counts: readonly number[];
}

/** Buckets between given bounds. There is one count more than there are bounds; undefined when that is not so, or when bounds do not ascend. */
export function explicitBuckets(
  bounds: readonly number[],
  counts: readonly number[],
): Bucket[] | undefined {
  // A histogram may say no more than how many there were and their sum.
  if (counts.length === 0) return bounds.length === 0 ? [] : undefined;
  if (counts.length !== bounds.length + 1) return undefined;
  const buckets: Bucket[] = [];
  for (const [at, count] of counts.entries()) {
    const low = bounds[at - 1] ?? Number.NEGATIVE_INFINITY;
    const high = bounds[at] ?? Number.POSITIVE_INFINITY;
    if (!(low < high)) return undefined;
    if (count > 0) buckets.push([low, high, count]);
  }
  return buckets;
}

/**
 * Buckets whose bounds are the powers of 2^(2^-scale) (https://opentelemetry.io/docs/specs/otel/metrics/data-model/#exponentialhistogram). Those of
 * two scales nest: a power is computed from the same product in both.
 */
export function exponentialBuckets(options: {
  readonly scale: number;
  readonly zeros: number;
  readonly zeroThreshold: number;
  readonly positive: ExponentialSide;
  readonly negative: ExponentialSide;
}): Bucket[] {
  const { negative, positive, scale, zeros, zeroThreshold } = options;
  const power = (exponent: number): number =>
    Math.min(Number.MAX_VALUE, 2 ** (exponent * 2 ** -scale));
  const buckets: Bucket[] = [];
  for (let at = negative.counts.length - 1; at >= 0; at--) {
    const exponent = negative.offset + at;
    const count = negative.counts[at] ?? 0;
    if (count > 0) buckets.push([-power(exponent + 1), -power(exponent), count]);
  }
  if (zeros > 0) buckets.push([-zeroThreshold, zeroThreshold, zeros]);
  for (const [at, count] of positive.counts.entries()) {
    const exponent = positive.offset + at;
    if (count > 0) buckets.push([power(exponent), power(exponent + 1), count]);
  }
  return buckets;
}

/**
 * What came to `now` since `before`. A histogram that grows by a factor may have become coarser meanwhile: then a bucket of before lies within one of
 * now. Undefined when less is there than was: it was begun anew.
 */
export function bucketsSince(
  before: readonly Bucket[],
  now: readonly Bucket[],
): Bucket[] | undefined {
  const rest = now.map(([low, high, count]): [number, number, number] => [low, high, count]);
  let at = 0;
  for (const [low, high, count] of before) {
    while (at < rest.length && (rest[at] as Bucket)[1] < high) at++;
    const around = rest[at];
    if (around === undefined || around[0] > low || around[2] < count) return undefined;
    around[2] -= count;
  }
  return rest.filter(([, , count]) => count > 0);
}
