import { Journal } from "../workload/load/journal.ts";

/** Right answers that are no success: two requests under one key at once. */
const allowed = new Set(["409 key_in_flight"]);

/** Something that failed, as its client saw it. */
export interface SeenFailure {
  /** RFC 3339. */
  readonly at: string;
  readonly kind: string;
  /** What was under way. */
  readonly during: string;
}

/** What clients know while an app is changed: no request may fail. */
export class DeployJournal extends Journal {
  readonly seen: SeenFailure[] = [];
  /** What is under way now. */
  during = "nothing";

  override saw(kind: string): void {
    if (allowed.has(kind)) return super.saw("");
    super.saw(kind);
    if (kind !== "") this.#note(kind);
  }

  override sawGaps(parts: readonly string[]): void {
    for (const part of parts) this.#note(`a page without ${part}`);
  }

  #note(kind: string): void {
    this.seen.push({ at: new Date().toISOString(), kind, during: this.during });
  }
}
