import { type Clock, delay, type KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Engine } from "./engine.ts";

/** How often an engine that is away is asked again, milliseconds: it is being restarted, and its containers end with it. */
const againMs = 500;

/** Whether the engine answers. Once somebody has found that it does not, it is asked until it does; both are said once. */
export class EnginePresence {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #log: Logger;
  #back: Promise<void> | undefined;
  #onBack = (): void => {};

  constructor(engine: Engine, { clock, log }: { clock: Clock; log: Logger }) {
    this.#engine = engine;
    this.#clock = clock;
    this.#log = log;
  }

  /** Calls `listener` whenever it is back, instead of another one before. */
  onBack(listener: () => void): void {
    this.#onBack = listener;
  }

  /** Somebody got no answer, but this error. Resolves when there are answers again; never rejects. */
  silent(error: KerfError): Promise<void> {
    this.#back ??= this.#await(error);
    return this.#back;
  }

  async #await(error: KerfError): Promise<void> {
    this.#log.warn("Docker does not answer: nothing is started until it is back", { error });
    do await delay(this.#clock, againMs);
    while (!(await this.#answers()));
    this.#back = undefined;
    this.#log.info("Docker is back: containers that outlived it serve on, others start anew");
    this.#onBack();
  }

  async #answers(): Promise<boolean> {
    try {
      await this.#engine.call("GET", "/version");
      return true;
    } catch (thrown) {
      return toKerfError(thrown).code !== "unavailable";
    }
  }
}
