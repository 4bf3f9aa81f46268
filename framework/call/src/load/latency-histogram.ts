// Eight steps to every doubling: a bucket is 6 to 12 % wide, which is finer than what two releases are compared by.
const stepBits = 3;
const stepsPerOctave = 2 ** stepBits;
/** 2^-4 ms, a sixteenth of a millisecond: what is quicker counts there. */
const smallestExponent = -4;
/** Up to 2^17 ms, two minutes: longer than any call may take. */
const octaves = 21;

/** How many buckets there are. */
export const latencyBuckets = octaves * stepsPerOctave;

// The exponent and the first bits of the fraction of a double are its logarithm, as finely as it is needed: no logarithm is computed.
const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
float[0] = 1;
const high = words[1] === 0 ? 0 : 1;
const shift = 20 - stepBits;
const first = (1023 + smallestExponent) << stepBits;

/** How long something took, counted in fixed logarithmic buckets from the start on: nothing is allocated, nothing forgotten. */
export class LatencyHistogram {
  /** By bucket; read only. */
  readonly counts = new Uint32Array(latencyBuckets);

  /** Counts `ms` milliseconds; `weight` times, when only one of so many was measured. */
  record(ms: number, weight = 1): void {
    float[0] = ms;
    const bucket = ((words[high] as number) >>> shift) - first;
    (this.counts[
      bucket < 0 ? 0 : bucket < latencyBuckets ? bucket : latencyBuckets - 1
    ] as number) += weight;
  }
}

/** The lower edge of a bucket in milliseconds; that of the one after the last is the end of all. */
export function latencyEdge(bucket: number): number {
  const fraction = 1 + (bucket % stepsPerOctave) / stepsPerOctave;
  return bucket <= 0 ? 0 : fraction * 2 ** (Math.floor(bucket / stepsPerOctave) + smallestExponent);
}

/** The buckets that hold anything, as they travel: bucket, count, bucket, count … */
export function packLatency(counts: ArrayLike<number>): number[] {
  const packed: number[] = [];
  for (let bucket = 0; bucket < counts.length; bucket++) {
    const count = counts[bucket] as number;
    if (count > 0) packed.push(bucket, count);
  }
  return packed;
}
