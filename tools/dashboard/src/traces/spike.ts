/** A part of the chart of durations: when traces began, Unix ms, and how long they took, ms. */
export interface Spike {
  readonly from: number;
  readonly to: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

/** As it stands in the address. */
export function spikeText({ from, leastMs, mostMs, to }: Spike): string {
  return [from, to, leastMs, mostMs].map((value) => Number(value.toFixed(3))).join("_");
}

/** Reads it from the address; undefined for what is none. */
export function spikeOf(text: string | undefined): Spike | undefined {
  const numbers = (text ?? "").split("_").map(Number);
  const [from = NaN, to = NaN, leastMs = NaN, mostMs = NaN] = numbers;
  const isOne = numbers.length === 4 && numbers.every(Number.isFinite);
  return isOne && from < to && leastMs <= mostMs && leastMs >= 0
    ? { from: Math.floor(from), to: Math.ceil(to), leastMs, mostMs }
    : undefined;
}

/** The traces in it: those whose first work took as long. */
export function spikeQuery({ leastMs, mostMs }: Spike): string {
  return `root:true duration:>=${Number(leastMs.toFixed(3))}ms duration:<=${Number(mostMs.toFixed(3))}ms`;
}

/** What a trace is a dot of. */
export interface Timed {
  /** Microseconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  readonly durationMicros: number;
}

/** The slowest tenth of some traces; undefined for fewer than ten. */
export function slowest(traces: readonly Timed[]): Spike | undefined {
  if (traces.length < 10) return undefined;
  const sorted = traces.map(({ durationMicros }) => durationMicros).toSorted((a, b) => b - a);
  const starts = traces.map(({ startedAt }) => startedAt / 1_000);
  return {
    from: Math.floor(Math.min(...starts)),
    to: Math.ceil(Math.max(...starts)),
    leastMs: (sorted[Math.floor(sorted.length / 10) - 1] ?? 0) / 1_000,
    mostMs: (sorted[0] ?? 0) / 1_000,
  };
}
