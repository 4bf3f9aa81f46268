import type { ServiceDatabase } from "@kerf/data";
import { type Clock, type Random, type Timer } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";

/** Pause between two runs, milliseconds; partitions are made a day ahead. */
const everyMs = 3_600_000;
/** Until the first run, milliseconds: what serves goes first. */
const firstMs = 30_000;
/** Bound of one run, milliseconds. */
const boundMs = 10_000;

/**
 * Keeps the platform's own tables in one service's database in shape: partitions of command records for the days to come, old ones
 * dropped. Every instance does it; whoever comes second finds nothing to do.
 */
export class Maintenance {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #log: Logger;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    database: ServiceDatabase,
    parts: { readonly clock: Clock; readonly random: Random; readonly log: Logger },
  ) {
    this.#database = database;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#log = parts.log;
  }

  /** Idempotent. */
  start(): void {
    if (this.#timer === undefined && !this.#stopped) this.#after(firstMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** One run; throws what the database says. */
  async run(): Promise<void> {
    await this.#database.inTransaction(this.#clock.now() + boundMs, async ({ raw }) => {
      await raw.query("select kerf.command_record_maintain()");
      await raw.query("select kerf.event_forget_builders()");
      await raw.query("select kerf.event_maintain('7 days', '30 days')");
      await raw.query("select kerf.saga_maintain('7 days', '30 days')");
    });
  }

  /** With chance, so that instances that started together do not come together. */
  #after(ms: number): void {
    this.#timer = this.#clock.after(ms * (1 + this.#random.next() / 2), () => void this.#round());
  }

  async #round(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      this.#log.warn("the database could not be maintained; it is tried again in an hour", {
        error,
      });
    }
    if (!this.#stopped) this.#after(everyMs);
  }
}
