/** An order as its client means it, whatever becomes of the requests for it. */
export interface OrderIntent {
  readonly user: string;
  /** What tells it from all other orders of this user: its lines. */
  readonly lines: string;
  readonly method: "card-ok" | "card-declined";
  /** Undefined: sent without one, once. */
  readonly key: string | undefined;
  /** Ids in the answers that accepted it: all the same. */
  readonly accepted: string[];
  /** Answers that refused it for good, as `status code`. */
  readonly refused: string[];
  /** Requests that went unanswered, or were answered with a failure. */
  unknown: number;
}

/** One more on a counter, as its client means it. */
export interface BumpIntent {
  readonly name: string;
  readonly mark: string;
  readonly key: string | undefined;
  /** Numbers in the answers: all the same. */
  readonly answers: number[];
  unknown: number;
}

/** An answer that no fault excuses. */
export interface WrongAnswer {
  readonly at: string;
  readonly what: string;
  readonly evidence: unknown;
}

/** What the clients know: what they asked for and what they were told. */
export class Journal {
  readonly orders: OrderIntent[] = [];
  readonly bumps: BumpIntent[] = [];
  readonly wrong: WrongAnswer[] = [];
  /** Failures by kind: allowed while faults hit. */
  readonly failures = new Map<string, number>();
  /** Complete streams of an order's states. */
  streams = 0;
  requests = 0;
  failed = 0;

  saw(kind: string): void {
    this.requests += 1;
    if (kind === "") return;
    this.failed += 1;
    this.failures.set(kind, (this.failures.get(kind) ?? 0) + 1);
  }

  /** A page came without these parts, and told of it: allowed while faults hit. */
  sawGaps(_parts: readonly string[]): void {}

  isWrong(what: string, evidence: unknown): void {
    this.wrong.push({ at: new Date().toISOString(), what, evidence });
  }
}
