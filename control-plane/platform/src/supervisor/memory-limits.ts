import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { InstanceLoad } from "../load/load-keeper.ts";
import type { Instance } from "./instance.ts";
import { isSuperseded, type Slot } from "./slot.ts";

/** How often copies are looked at, in milliseconds. */
const everyMs = 2_000;
/** From here on a copy over its limit is not waited for any more. */
export const memoryKillFactor = 1.2;
/** A copy that is over its limit so soon, in milliseconds, would be so again: it is left until it ends or is ended. */
const settledMs = 30_000;

/** What watching needs from its surroundings. */
export interface MemoryLimitsOptions {
  readonly clock: Clock;
  slots(): readonly Slot[];
  /** What an instance last said of itself. */
  load(instance: string): Pick<InstanceLoad, "residentBytes"> | undefined;
  /** Resident memory that a copy of a unit may use, bytes; undefined without a limit. */
  limit(unit: string): number | undefined;
  /** Something that people should know of. */
  problem(error: KerfError, source: string): void;
}

/**
 * Watches what the copies that serve say of their memory: one over its limit is exchanged, new one first, or ended when it is far over. Whoever
 * keeps its place filled starts another. (That an event loop stands still is seen by its connection, see `Instance`.)
 */
export class MemoryLimits {
  readonly #options: MemoryLimitsOptions;
  readonly #exchanging = new Set<Instance>();
  #timer: Timer | undefined;

  constructor(options: MemoryLimitsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.start();
      for (const slot of this.#options.slots()) this.#look(slot);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(slot: Slot): void {
    const options = this.#options;
    const instance = slot.current;
    if (instance?.state !== "ready") return;
    const limit = options.limit(instance.unit);
    const used = options.load(instance.id)?.residentBytes;
    if (limit === undefined || used === undefined || used <= limit) return;
    if (used > limit * memoryKillFactor) {
      instance.outgrew({ usedBytes: used, limitBytes: limit });
      return;
    }
    const age = options.clock.wall() - instance.since;
    if (age < settledMs || slot.hasSuccessor || this.#exchanging.has(instance)) return;
    this.#exchanging.add(instance);
    const error = overLimit(instance, used, limit);
    slot.endedBy(error);
    options.problem(error, instance.unit);
    slot
      .replace()
      .catch((thrown: unknown) => {
        // The old copy serves on and is looked at again.
        if (!isSuperseded(thrown) && thrown instanceof KerfError)
          options.problem(thrown, instance.unit);
      })
      .finally(() => this.#exchanging.delete(instance));
  }
}

function overLimit({ id, unit }: Instance, used: number, limit: number): KerfError {
  return new KerfError("memory_limit", {
    message: `${id} uses ${mebibytes(used)} of memory and may use ${mebibytes(limit)}: another copy takes its place.`,
    why: "It keeps more and more, or its limit is too low for what it does.",
    fix: `Look at its load with kerf status; raise limits.${unit} in the app if it needs as much.`,
    data: { unit, instance: id, residentBytes: used, limitBytes: limit },
  });
}

/** Memory for people. */
export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}
