import { type Clock, KerfError } from "@kerf/kernel";

/** What an operator makes of a watch that is under way. */
type Verdict = "promote" | "abandon";

/** An operator's word on copies that are being watched: they are good, or they are not, whatever the figures say so far. */
export class WatchVerdict {
  readonly #made = Promise.withResolvers<void>();
  #verdict: { readonly what: Verdict; readonly by: string } | undefined;

  /** Whether they are good: nothing more is watched. */
  get isPromoted(): boolean {
    return this.promotedBy !== undefined;
  }

  /** Who has said that they are good. */
  get promotedBy(): string | undefined {
    return this.#verdict?.what === "promote" ? this.#verdict.by : undefined;
  }

  /** The first word counts. */
  make(what: Verdict, by: string): void {
    this.#verdict ??= { what, by };
    this.#made.resolve();
  }

  /** Resolves after `ms` milliseconds, or when somebody has decided. Throws `abandoned` when they are not wanted. */
  async pause(clock: Clock, ms: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = clock.after(ms, over.resolve);
    await Promise.race([over.promise, this.#made.promise]);
    timer.cancel();
    if (this.#verdict?.what !== "abandon") return;
    throw new KerfError("abandoned", {
      message: `${this.#verdict.by} went back while the new release was watched.`,
      why: "kerf abandon, or the dashboard's button, says so.",
      fix: "Deploy again when it is mended.",
    });
  }
}
