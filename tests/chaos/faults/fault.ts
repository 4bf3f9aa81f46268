import type { Cluster } from "../cluster.ts";

/** A kind of fault. */
export interface Fault {
  readonly name: string;
  /** What it can hit; one of them is drawn. */
  readonly targets: readonly string[];
  /** How long it lasts, milliseconds: drawn from this range. Absent when it is over at once. */
  readonly lasts?: readonly [least: number, most: number];
  /**
   * Does it, and resolves with what it did when it is over. `signal` aborts when the run ends early: then it mends at once what it
   * broke. Rejects when it could not be done.
   */
  strike(drawn: DrawnFault, cluster: Cluster, signal: AbortSignal): Promise<string>;
}

/** One fault of a plan. */
export interface DrawnFault {
  readonly fault: Fault;
  /** When it hits, milliseconds from the start of the load. */
  readonly at: number;
  readonly target: string;
  /** Which of several copies: a number in [0, 1). */
  readonly which: number;
  /** How long it lasts, milliseconds; 0 when it is over at once. */
  readonly lastsMs: number;
}
