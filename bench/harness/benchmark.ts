/** One benchmark: prints a table for people and returns the figures of its RESULT line. */
export interface Benchmark {
  /** As in `npm run bench -- NAME`. */
  readonly name: string;
  /** What is compared with what, one line. */
  readonly about: string;
  /** Whether it needs the packages of `bench/peers`. */
  readonly peers: boolean;
  run(options: { quick: boolean; log: (line: string) => void }): Promise<Figures>;
}

/** Figures by name; ratios are ours ÷ the peer's unless their name says otherwise. */
export type Figures = Readonly<Record<string, number>>;
