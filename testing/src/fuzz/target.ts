/** A parser of ours with what it takes from outside. */
export interface Target {
  readonly name: string;
  /** Where mutation begins. */
  readonly seeds: readonly Buffer[];
  /** Words of its grammar that mutation puts in. */
  readonly words: readonly string[];
  /**
   * Parses. What comes back names what the input came to: another name is another way through the parser, and worth keeping. Throws only
   * when the parser breaks its promise.
   */
  run(input: Buffer): string | Promise<string>;
}

/** What must not happen. */
export class BrokenPromise extends Error {}
