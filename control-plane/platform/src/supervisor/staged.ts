import { KerfError } from "@kerf/kernel";
import { explainEnd } from "./explain-end.ts";
import { fewAtOnce } from "./few-at-once.ts";
import type { Instance } from "./instance.ts";
import { drainMs, type Slot, supersededError } from "./slot.ts";

/** A place that is to be filled anew. */
export interface StagedPlace {
  readonly slot: Slot;
  /** There was no such place before. */
  readonly isNew: boolean;
  readonly start: () => Instance;
}

/** What the supervisor does when staged copies take their places. */
export interface StagedHandover {
  /** Resolves when what is known of the copies is on disk. */
  recorded(): Promise<void>;
  /** They serve from now on. Answers the places that are to be no more. */
  promoted(): readonly Slot[];
  /** Nothing runs in this place any more. */
  emptied(slot: Slot): void;
}

/** Copies that were started beside those that serve, to take their places all at once or not at all. */
export class Staged {
  readonly #places: readonly StagedPlace[];
  readonly #handover: StagedHandover;
  readonly #started: { readonly slot: Slot; readonly instance: Instance }[] = [];
  #abandoned = false;

  constructor(places: readonly StagedPlace[], handover: StagedHandover) {
    this.#places = places;
    this.#handover = handover;
  }

  /** How many copies there are to start. */
  get size(): number {
    return this.#places.length;
  }

  /** Starts the copies of some units, a few at a time. Resolves when all of them are ready; rejects at the first that does not get so. */
  async start(units: ReadonlySet<string>): Promise<void> {
    const places = this.#places.filter(({ slot }) => units.has(slot.unit));
    await fewAtOnce(
      places.map((place) => async () => {
        if (this.#abandoned) return;
        const instance = place.slot.stage(place.start);
        this.#started.push({ slot: place.slot, instance });
        await instance.whenReady.catch(async () => {
          throw await notReady(instance);
        });
      }),
    );
    await this.#handover.recorded();
  }

  /** Throws `change_failed` when one of them has ended since it was ready. */
  assertReady(): void {
    const lost = this.#started.find(({ slot, instance }) => !slot.isStaged(instance));
    if (lost !== undefined) {
      throw new KerfError("change_failed", {
        message: `${lost.instance.id} was ready and has ended before it took its place.`,
        why: "It ended by itself, or a newer start took its place.",
        fix: `Try it again, or see its log: kerf logs ${lost.instance.unit}`,
      });
    }
  }

  /** Throws `change_failed` when one of them was started without a service that `isServed` now: what it needs has gone meanwhile. */
  assertWhole(
    isServed: (service: string) => boolean,
    problemOf: (service: string) => KerfError | undefined,
  ): void {
    for (const { instance } of this.#started) {
      const lost = instance.record.heldBack.find(isServed);
      if (lost === undefined) continue;
      throw new KerfError("change_failed", {
        message: `${instance.id} was started without ${lost}, which serves now.`,
        why:
          problemOf(lost)?.message ??
          "Its database or its settings were not as it needs them for a moment; the copies that run keep what they have.",
        fix:
          problemOf(lost)?.fix ??
          "kerf status says what it lacks; when it lacks nothing, ask again.",
      });
    }
  }

  /**
   * All of them serve from this moment on, and those before them drain, each for `boundMs` at most. One that has ended is left out; its place
   * keeps what it has. Resolves when what served before has ended, with those that had to be ended by force.
   */
  async promote(boundMs = drainMs): Promise<Instance[]> {
    const old = this.#started.flatMap(({ slot, instance }) => {
      const before = slot.current;
      if (slot.isStaged(instance)) slot.promote(boundMs);
      return before ?? [];
    });
    const empty = this.#handover.promoted();
    old.push(...empty.flatMap((slot) => slot.current ?? []));
    const [ends] = await Promise.all([
      Promise.all(old.map((instance) => instance.whenEnded)),
      ...empty.map(async (slot) => {
        await slot.vacate(boundMs);
        this.#handover.emptied(slot);
      }),
    ]);
    return old.filter((_, index) => ends[index]?.overran === true);
  }

  /** Ends the copies; what serves, serves on. Resolves when they have ended. */
  async abandon(boundMs = drainMs): Promise<void> {
    this.#abandoned = true;
    for (const { slot, instance } of this.#started) slot.abandon(instance, boundMs);
    await Promise.all(this.#started.map(({ instance }) => instance.whenEnded));
    for (const { slot, isNew } of this.#places) if (isNew) this.#handover.emptied(slot);
  }
}

/** Why a copy did not get ready. */
async function notReady(instance: Instance): Promise<KerfError> {
  const end = await instance.whenEnded;
  if (end.reason === "stopped") return supersededError(instance.record.slot);
  const { error } = await explainEnd(instance, end);
  const { code, data, message, why } = error;
  // Unlike one that is to run, it is not tried again.
  const fix =
    end.reason === "not-ready"
      ? error.fix
      : `Correct it and try again. All of its log: kerf logs ${instance.unit}`;
  return end.exit.kind === "failed" ? error : new KerfError(code, { message, why, fix, data });
}
