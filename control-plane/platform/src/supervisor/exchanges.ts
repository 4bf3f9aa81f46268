import type { Instance } from "./instance.ts";
import { isSuperseded } from "./slot.ts";
import type { Supervisor } from "./supervisor.ts";

/** Exchanges of copies for others that use the newest settings, one after the other. */
export class Exchanges {
  readonly #supervisor: Pick<Supervisor, "replace">;
  #last: Promise<unknown> = Promise.resolve();

  constructor(supervisor: Pick<Supervisor, "replace">) {
    this.#supervisor = supervisor;
  }

  /** Exchanges the copies of a unit. Answers them once everyone routes to them; rejects at the first that does not get ready. */
  of(unit: string): Promise<Instance[]> {
    const replace = (): Promise<Instance[]> => this.#supervisor.replace(unit);
    const done = this.#last.then(() =>
      replace().catch((thrown: unknown) => {
        // A start that a newer one took the place of may have read older settings.
        if (isSuperseded(thrown)) return replace();
        throw thrown;
      }),
    );
    this.#last = done.catch(() => {});
    return done;
  }
}
