import { duration } from "./duration.ts";
import type { UnderWay } from "./under-way.ts";

/** How long a step may take before a log hears that it goes on, milliseconds: longer than a release is watched as a rule. */
const silentMs = 15_000;
/** How often it hears so afterwards, milliseconds: CI ends what says nothing for some minutes. */
const againMs = 60_000;

interface Reminded {
  text: string;
  readonly begun: number;
  timer: NodeJS.Timeout;
}

/** Where nothing can move, as in a log: a line now and then for each step that takes long, so that nobody takes it for stuck. */
export class StepReminders {
  readonly #say: (line: string) => void;
  readonly #running = new Map<string, Reminded>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** Takes a step up or away, or says anew what it does. */
  update({ id, text }: UnderWay): void {
    const known = this.#running.get(id);
    if (known !== undefined && text !== undefined) {
      known.text = text;
      return;
    }
    clearTimeout(known?.timer);
    this.#running.delete(id);
    if (text === undefined) return;
    const begun = performance.now();
    const step = { text, begun, timer: setTimeout(() => this.#remind(step), silentMs).unref() };
    this.#running.set(id, step);
  }

  /** Says no more. */
  close(): void {
    for (const { timer } of this.#running.values()) clearTimeout(timer);
    this.#running.clear();
  }

  #remind(step: Reminded): void {
    this.#say(`… ${step.text}  ${duration(performance.now() - step.begun)}`);
    step.timer = setTimeout(() => this.#remind(step), againMs).unref();
  }
}
