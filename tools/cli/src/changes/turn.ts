import { setTimeout as wait } from "node:timers/promises";
import { type ErrorShape, KerfError } from "@kerf/kernel";

/** Pause between two attempts while another change is under way, milliseconds, and how long others are waited for. */
const againMs = 500;
const longestMs = 600_000;

/** The turn of a change: there is one at a time, and with `--wait` others are waited for. */
export class Turn {
  readonly #isPatient: boolean;
  readonly #say: (text: string) => void;
  #said: string | undefined;
  #isWaiting = false;

  constructor(isPatient: boolean, say: (text: string) => void) {
    this.#isPatient = isPatient;
    this.#say = say;
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
        if (!this.#isPatient || refusal?.code !== "change_under_way") throw thrown;
        if (Date.now() > end) throw tooLong(refusal);
        await this.#wait(refusal.message ?? "Another change is under way.");
      }
    }
  }

  /** Says what is waited for, once for each, and waits a moment. */
  async #wait(message: string): Promise<void> {
    if (message !== this.#said) this.#say(`${message} Waiting until it has ended.`);
    this.#said = message;
    this.#isWaiting = true;
    await wait(againMs);
    this.#isWaiting = false;
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
