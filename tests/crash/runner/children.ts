import { Child } from "./child.ts";

/** Processes that wait for their next run: only those that were killed have to be started anew. */
export class Children {
  readonly #idle: Child[] = [];

  take(): Child {
    return this.#idle.pop() ?? new Child();
  }

  /** After it was stopped in order. */
  giveBack(child: Child): void {
    if (!child.isGone) this.#idle.push(child);
  }

  async end(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((child) => child.end()));
  }
}
