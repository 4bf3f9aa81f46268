import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import { KerfError } from "./errors.ts";

/** The states of everything that runs, in the only order they come in. */
export type LifecycleState = "new" | "starting" | "ready" | "draining" | "stopped";

/** How something starts and ends. */
export interface LifecycleSteps {
  /** For messages: `unit orders`, `gateway web`. */
  name: string;
  /** Resolves when it can serve. */
  start(): Promise<void>;
  /** Stops taking work and finishes what is in flight. Bounded by `drainMs`. */
  drain?(): Promise<void>;
  /** Lets go of everything. Bounded by `stopMs`; called after a failed start too. */
  stop(): Promise<void>;
  /** Default 30 000 (`defaults.md`: drain). */
  drainMs?: number;
  /** Default 5 000. */
  stopMs?: number;
  clock?: Clock;
}

/** One lifecycle for everything that runs: start → ready → draining → stopped, idempotent and bounded. */
export class Lifecycle {
  readonly #steps: LifecycleSteps;
  readonly #clock: Clock;
  #state: LifecycleState = "new";
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  readonly #listeners = new Set<(state: LifecycleState) => void>();

  constructor(steps: LifecycleSteps) {
    this.#steps = steps;
    this.#clock = steps.clock ?? systemClock;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Calls `listener` at every change of state. */
  onChange(listener: (state: LifecycleState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Starts once; every further call waits for the same start. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  /** Drains and stops once; every further call waits for the same end. Never rejects. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #start(): Promise<void> {
    if (this.#stopped !== undefined) {
      throw new KerfError("start_failed", `${this.#steps.name} was stopped before it was started.`);
    }
    this.#enter("starting");
    try {
      await this.#steps.start();
    } catch (cause) {
      await this.stop();
      throw cause;
    }
    if (this.#state === "starting") this.#enter("ready");
  }

  async #stop(): Promise<void> {
    const steps = this.#steps;
    const wasReady = this.#state === "ready";
    this.#enter("draining");
    if (wasReady && steps.drain !== undefined)
      await this.#bounded(steps.drain(), steps.drainMs ?? 30_000);
    await this.#bounded(steps.stop(), steps.stopMs ?? 5_000);
    this.#enter("stopped");
  }

  #bounded(work: Promise<void>, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(ms, resolve);
      const done = (): void => {
        timer.cancel();
        resolve();
      };
      // An end that fails is an end all the same: whoever waits for it must not wait for ever.
      work.then(done, done);
    });
  }

  #enter(state: LifecycleState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
