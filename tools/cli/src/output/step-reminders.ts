import type { UnderWay } from "./under-way.ts";

/** How long a step may take before a log hears that it goes on, milliseconds: longer than a release is watched as a rule. */
const silentMs = 15_000;

/** Where nothing can move, as in a log: a line for each step that takes long, so that nobody takes it for stuck. */
export class StepReminders {
  readonly #say: (line: string) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Takes a step up or away. */
  update({ id, text }: UnderWay): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    if (text === undefined) return;
    const remind = setTimeout(() => this.#say(`… ${text}`), silentMs).unref();
    this.#timers.set(id, remind);
  }

  /** Says no more. */
  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
