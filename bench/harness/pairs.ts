/** One side of a comparison: runs once and returns its figure (a time or a rate; the same unit on both sides). */
export type Side = () => Promise<number>;

/** What a comparison found. */
export interface Comparison {
  ours: number;
  peer: number;
  /** Median over the pairs of ours ÷ peer. */
  ratio: number;
  /** Smallest and largest ratio of a pair. */
  spread: [number, number];
}

/** The middle value; the mean of the two middle ones for an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Ours and the peer take turns (A B A B …), so that a noisy machine is noisy for both. */
export async function inTurns(pairs: number, ours: Side, peer: Side): Promise<Comparison> {
  const a: number[] = [];
  const b: number[] = [];
  for (let i = 0; i < pairs; i++) {
    a.push(await ours());
    b.push(await peer());
  }
  const ratios = a.map((value, i) => value / (b[i] as number));
  return {
    ours: median(a),
    peer: median(b),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
  };
}
