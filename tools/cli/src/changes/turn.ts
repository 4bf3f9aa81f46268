import type { ChangeStatus } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";

/** How long others are waited for in all, milliseconds. */
const longestMs = 600_000;

/** How others are waited for. */
export interface Patience {
  /** The change that is under way; undefined when none is. */
  underWay(): Promise<ChangeStatus | undefined>;
  /** Shows who is waited for, again and again; undefined when nobody is any more. */
  show(change: ChangeStatus | undefined): void;
  /** Resolves when it is time to look again. */
  pause(): Promise<void>;
}

/** The turn of a change: there is one at a time, and with `--wait` others are waited for. */
export class Turn {
  readonly #patience: Patience | undefined;
  #isWaiting = false;

  /** Without patience a change that is under way is not waited for. */
  constructor(patience: Patience | undefined) {
    this.#patience = patience;
  }

  /** Whether it has not come yet. */
  get isWaiting(): boolean {
    return this.#isWaiting;
  }

  /** Makes a request once no other change is under way. Throws `change_under_way` at once where nobody waits, otherwise after ten minutes. */
  async take<T>(request: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + longestMs; ;) {
      try {
        return await request();
      } catch (thrown) {
        // Only what the platform itself refuses says so; a platform that is gone says nothing.
        const refusal = (thrown as KerfError).data as Partial<ErrorShape> | undefined;
        if (this.#patience === undefined || refusal?.code !== "change_under_way") throw thrown;
        if (Date.now() > end) throw tooLong(refusal);
        await this.#untilFree(this.#patience, end);
      }
    }
  }

  /** Looks until no change is under way. What is only looked at is not on record as refused, again and again. */
  async #untilFree(patience: Patience, end: number): Promise<void> {
    this.#isWaiting = true;
    try {
      do {
        // One that cannot be seen: whoever asks next is told why.
        const change = await patience.underWay().catch(() => undefined);
        patience.show(change);
        await patience.pause();
        if (change === undefined) return;
      } while (Date.now() <= end);
    } finally {
      patience.show(undefined);
      this.#isWaiting = false;
    }
  }
}

function tooLong({ message, why }: Partial<ErrorShape>): KerfError {
  return new KerfError("change_under_way", {
    message: `Nothing was changed: another change is still under way after ${longestMs / 60_000} min. ${message ?? ""}`,
    why,
    fix: "See what it waits for with kerf status, and ask again.",
    retry: "not-executed",
  });
}
