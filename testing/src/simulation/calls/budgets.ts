import type { PolicyDefaults } from "@kerf/call";

interface Account {
  /** Moments of calls, and of retries when they were decided, simulated milliseconds. */
  readonly calls: number[];
  readonly retries: number[];
}

/** Slices in which the budget's window forgets: it covers at least all but one of them. */
const slices = 10;

/** Looks at retries and calls over every window that ends with a retry. */
export class Budgets {
  readonly #policies: PolicyDefaults;
  readonly #accounts = new Map<string, Account>();

  constructor(policies: PolicyDefaults) {
    this.#policies = policies;
  }

  called(who: string, at: number): void {
    this.#account(who).calls.push(at);
  }

  retried(who: string, at: number): void {
    this.#account(who).retries.push(at);
  }

  /** The first window with more retries than its calls allow. */
  overdrawn(): string | undefined {
    const { retryShare, retriesPerSecond, retryWindowMs } = this.#policies;
    const reserve = (retriesPerSecond * retryWindowMs) / 1_000;
    const surelyMs = retryWindowMs * (1 - 1 / slices);
    for (const [who, { calls, retries }] of this.#accounts) {
      const decided = retries.toSorted((a, b) => a - b);
      for (const [index, at] of decided.entries()) {
        const recent = decided.slice(0, index + 1).filter((other) => other > at - surelyMs).length;
        const made = calls.filter((other) => other <= at && other > at - retryWindowMs).length;
        // The last one is paid for as long as anything is left.
        if (recent < made * retryShare + reserve + 1) continue;
        return `${who}: ${recent} retries at ${at.toFixed(0)} ms, with ${made} calls in the window`;
      }
    }
    return undefined;
  }

  #account(who: string): Account {
    let account = this.#accounts.get(who);
    if (account === undefined) this.#accounts.set(who, (account = { calls: [], retries: [] }));
    return account;
  }
}
