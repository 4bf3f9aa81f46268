import type { Clock, Timer } from "@kerf/kernel";
import type { Scheduler } from "./scheduler.ts";

/**
 * A program that can be paused and killed. Everything that reaches it from outside (timers, answers, requests) comes through
 * {@link deliver}: a paused one gets it when it goes on, a dead one never, and so what it was doing never continues.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #kept: (() => void)[] = [];
  readonly #onDeath: (() => void)[] = [];
  #state: "running" | "paused" | "dead" = "running";
  #timers = 0;
  #resumedAt = 0;

  /** @param skewMs how much its wall clock is wrong; @param uptimeMs what its monotonic clock shows at the beginning */
  constructor(scheduler: Scheduler, name: string, wallStart: number, skewMs = 0, uptimeMs = 0) {
    this.#scheduler = scheduler;
    this.name = name;
    this.clock = {
      now: () => uptimeMs + scheduler.now,
      wall: () => wallStart + skewMs + scheduler.now,
      after: (ms, fn) => this.#after(ms, fn),
    };
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  /** How many timers wait. */
  get timers(): number {
    return this.#timers;
  }

  /** When it last went on after a pause, simulated milliseconds. */
  get resumedAt(): number {
    return this.#resumedAt;
  }

  /** Runs `fn` inside of this process, as soon as it can. */
  deliver(fn: () => void): void {
    if (this.#state === "running") fn();
    else if (this.#state === "paused") this.#kept.push(fn);
  }

  /** As a long collection of garbage, a suspended machine or SIGSTOP does it. */
  pause(ms: number): void {
    if (this.#state !== "running") return;
    this.#state = "paused";
    this.#scheduler.note(`${this.name} is paused for ${ms.toFixed(0)} ms`);
    this.#scheduler.plan(ms, `${this.name} goes on`, () => this.#resume());
  }

  /** As kill -9. */
  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    this.#kept.length = 0;
    this.#scheduler.note(`${this.name} is killed`);
    for (const hook of this.#onDeath) hook();
  }

  /** Told when it is killed. */
  onDeath(hook: () => void): void {
    this.#onDeath.push(hook);
  }

  #resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    this.#resumedAt = this.#scheduler.now;
    this.#scheduler.note(`${this.name} goes on`);
    for (const fn of this.#kept.splice(0)) fn();
  }

  #after(ms: number, fn: () => void): Timer {
    // A process that is dead can still be within a microtask that asks for a timer.
    if (!Number.isFinite(ms) || this.#state === "dead") return { cancel: () => undefined };
    let over = false;
    const end = (): boolean => {
      if (over) return false;
      over = true;
      this.#timers--;
      return true;
    };
    this.#timers++;
    const planned = this.#scheduler.plan(Math.max(0, ms), `timer of ${this.name}`, () =>
      // A timer that was due during a pause can still be cancelled by what runs before it.
      this.deliver(() => {
        if (end()) fn();
      }),
    );
    return {
      cancel: () => {
        if (end()) planned.cancel();
      },
    };
  }
}
