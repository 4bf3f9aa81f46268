import { heartbeatMs } from "@kerf/call/host";
import { type Clock, KerfError, type Timer } from "@kerf/kernel";
import type { InstanceLoad } from "../load/load-keeper.ts";
import type { Instance } from "./instance.ts";
import { isSuperseded, type Slot } from "./slot.ts";

/** How often instances are looked at, in milliseconds. */
const everyMs = 2_000;
/** One that should say something every 5 s and said nothing for this long hangs, in milliseconds: three times, as `failureThreshold` of Kubernetes. */
export const hungBoundMs = 3 * heartbeatMs;
/** From here on a copy over its limit is not waited for any more. */
export const memoryKillFactor = 1.2;
/** A copy that is over its limit so soon, in milliseconds, would be so again: it is left until it ends or is ended. */
const settledMs = 30_000;
/** When so many instances and more than half of them are silent at once, it is us who did not hear. */
const manyInstances = 4;

/** What watching needs from its surroundings. */
export interface VitalSignsOptions {
  readonly clock: Clock;
  slots(): readonly Slot[];
  /** What an instance last said of itself. */
  load(instance: string): InstanceLoad | undefined;
  memoryLimit(unit: string): number | undefined;
  /** Something that people should know of. */
  problem(error: KerfError, source: string): void;
}

/**
 * Watches the copies that serve: one that does not say anything any more is ended, one that uses more memory than it may is exchanged, new one
 * first, or ended when that takes too long. Whoever keeps their places filled starts others.
 */
export class VitalSigns {
  readonly #options: VitalSignsOptions;
  readonly #exchanging = new Set<Instance>();
  #lookedAt = 0;
  /** Until then silence proves nothing: we ourselves stood still. */
  #deafUntil = 0;
  #timer: Timer | undefined;

  constructor(options: VitalSignsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lookedAt = this.#options.clock.now();
    this.#after();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #after(): void {
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.#after();
      this.#look();
    });
  }

  #look(): void {
    const now = this.#options.clock.now();
    if (now - this.#lookedAt > 2 * everyMs) this.#deafUntil = now + hungBoundMs;
    this.#lookedAt = now;
    const serving = this.#options
      .slots()
      .flatMap((slot) =>
        slot.current?.state === "ready" ? [{ slot, instance: slot.current }] : [],
      );
    if (now >= this.#deafUntil) this.#endSilent(serving.map(({ instance }) => instance));
    for (const { slot, instance } of serving) this.#weigh(slot, instance);
  }

  #endSilent(instances: readonly Instance[]): void {
    const talking = instances.filter(
      ({ attached, silentMs }) => attached && silentMs !== undefined,
    );
    const silent = talking.filter(({ silentMs = 0 }) => silentMs > hungBoundMs);
    if (talking.length >= manyInstances && silent.length > talking.length / 2) return;
    for (const instance of silent) instance.condemn("hung");
  }

  #weigh(slot: Slot, instance: Instance): void {
    const limit = this.#options.memoryLimit(instance.unit);
    const used = this.#options.load(instance.id)?.residentBytes;
    if (limit === undefined || used === undefined || used <= limit) return;
    if (used > limit * memoryKillFactor) {
      instance.condemn("memory");
      return;
    }
    const age = this.#options.clock.wall() - instance.since;
    if (age < settledMs || slot.hasSuccessor || this.#exchanging.has(instance)) return;
    this.#exchanging.add(instance);
    this.#options.problem(overLimit(instance, used, limit), instance.unit);
    slot
      .replace()
      // What failed was reported; the old copy serves on, and is looked at again.
      .catch((thrown: unknown) => void (isSuperseded(thrown) || this.#failed(thrown, instance)))
      .finally(() => this.#exchanging.delete(instance));
  }

  #failed(thrown: unknown, { unit }: Instance): void {
    if (!(thrown instanceof KerfError)) throw thrown;
    this.#options.problem(thrown, unit);
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

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1_048_576)} MB`;
}
