/** A property that does not hold. */
export interface Violation {
  readonly property: string;
  readonly what: string;
}

/** What became of one seed. */
export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  /** The same for two runs of one seed. */
  readonly hash: string;
  /** What happened, a line each. */
  readonly trace: readonly string[];
  readonly simulatedMs: number;
  readonly happened: number;
  /** What there was in the run, by name: that something was tested. */
  readonly counts: Readonly<Record<string, number>>;
}
