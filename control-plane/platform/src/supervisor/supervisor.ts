import type { Attachment } from "@kerf/call";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { isGateway } from "../placement/gateway-copies.ts";
import { InstanceRecords } from "../state/instance-records.ts";
import { explainEnd } from "./explain-end.ts";
import { fewAtOnce } from "./few-at-once.ts";
import type { Instance, InstanceEnd } from "./instance.ts";
import { Instances, type InstancesOptions } from "./instances.ts";
import { Leftovers } from "./leftovers.ts";
import { type Program, slotNames } from "./program.ts";
import { Staged, type StagedPlace } from "./staged.ts";
import { drainMs, Slot } from "./slot.ts";

/** How long a platform that finds instances of one before waits until they have attached to it, in milliseconds. */
const reconcileBoundMs = 3_000;

/** What the supervisor needs and what it tells. */
export interface SupervisorOptions extends InstancesOptions {
  readonly log: Logger;
  /** A copy failed in a way that people should know of. */
  problem(error: KerfError, source: string, log: readonly string[]): void;
  /** Resolves when every router has acknowledged the present placement, or after a bound. */
  acknowledged(): Promise<void>;
}

/** Keeps every unit and gateway running, and knows which of their processes is which. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #instances: Instances;
  readonly #leftovers: Leftovers;
  readonly #programs = new Map<string, Program>();
  readonly #slots = new Map<string, Slot>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const records = new InstanceRecords(options.home.instances);
    this.#instances = new Instances(options, records);
    this.#leftovers = new Leftovers(records, options.runtime);
  }

  /** Whether anything still runs that a platform before us started. */
  leftovers(): boolean {
    return this.#leftovers.any;
  }

  /**
   * Goes on with what a platform before us started and still lives. Resolves when all of it has attached to us, or after 3 s:
   * until then nothing is known well enough to be published. Copies that were started for the change `undone` are ended, once nobody calls them. Answers what was found.
   */
  async reconcile(programs: readonly Program[], undone?: string): Promise<Instance[]> {
    for (const program of programs) this.#programs.set(program.unit, program);
    const waiting: Promise<void>[] = [];
    const found: Instance[] = [];
    for (const { isUndone, record, running } of this.#leftovers.all(undone)) {
      if (running === undefined) {
        this.#instances.forget(record);
        continue;
      }
      // Of a change that is undone: callers may know it beside the copy that serves, and are told first; where none serves, nobody knows it.
      if (isUndone && this.#slots.get(record.slot)?.current === undefined) {
        running.kill();
        void running.exited.then(() => this.#instances.forget(record));
        continue;
      }
      const attached = Promise.withResolvers<void>();
      const instance = this.#instances.adopt(record, running, attached.resolve);
      const slot = this.#slot(record.slot, record.unit);
      slot.adopt(instance);
      // What is to run no more goes on until what takes its place is there, and is not started again.
      if (!this.#programs.has(record.unit)) slot.letGo();
      waiting.push(attached.promise);
      found.push(instance);
    }
    this.#instances.clearSnapshots(this.instances);
    if (waiting.length > 0) {
      const bound = Promise.withResolvers<void>();
      const timer = this.#options.clock.after(reconcileBoundMs, bound.resolve);
      await Promise.race([Promise.all(waiting), bound.promise]);
      timer.cancel();
    }
    return found;
  }

  /**
   * Makes run what is to run, except what is held back. Resolves when each copy is ready, or failed for the first time. Stops
   * nothing.
   */
  async apply(programs: readonly Program[]): Promise<void> {
    const settle = async (program: Program, name: string): Promise<void> => {
      const slot = this.#slot(name, program.unit);
      const runs = slot.current?.record;
      if (runs !== undefined && !this.#instances.isAsWanted(runs, program)) {
        // What failed was reported; the old copy serves on.
        await slot.replace().catch(() => {});
      } else if (!slot.heldBack) await slot.start();
    };
    for (const program of programs) this.#programs.set(program.unit, program);
    const copies = programs.map((program) =>
      slotNames(program).map((name) => () => settle(program, name)),
    );
    // A first copy of everything at once, since each waits for something else; the others as the processor can.
    await Promise.all([
      ...copies.flatMap(([first]) => first?.() ?? []),
      fewAtOnce(copies.flatMap((each) => each.slice(1))),
    ]);
  }

  /**
   * Gives a unit as many copies as its program says: more are started, a few at a time; of fewer the last ones finish what they have begun. Resolves when
   * those that are new are ready; rejects when one is not, which is tried again all the same.
   */
  async resize(program: Program): Promise<void> {
    this.#programs.set(program.unit, program);
    const names = slotNames(program);
    for (const slot of this.slotsOf(program.unit))
      if (!names.includes(slot.name)) void this.#leave(slot);
    const missing = names.filter((name) => this.#slots.get(name)?.current === undefined);
    const failures: unknown[] = [];
    await fewAtOnce(
      missing.map((name) => async () => {
        const failed = (thrown: unknown): void => void failures.push(thrown);
        await fill(this.#slot(name, program.unit)).catch(failed);
      }),
    );
    if (failures.length > 0) throw failures[0];
  }

  /** How many copies of each unit run that a platform before us started, without those for the change `undone`. */
  leftoverCopies(undone?: string): Map<string, number> {
    return this.#leftovers.copies(undone);
  }

  /** Where gateways listen that a platform before us started, by unit. */
  leftoverPorts(): Map<string, number> {
    return this.#leftovers.ports();
  }

  /** Stops every unit and gateway that is not among `programs`, and the copies that are more than wanted. */
  async retireOthers(programs: readonly Program[], boundMs: number): Promise<void> {
    const kept = new Set(programs.flatMap(slotNames));
    const units = new Set(programs.map((program) => program.unit));
    const stopping: Promise<void>[] = [];
    for (const [name, slot] of this.#slots) {
      if (kept.has(name)) continue;
      if (!units.has(slot.unit)) this.#programs.delete(slot.unit);
      stopping.push(slot.stop(boundMs).then(() => void this.#slots.delete(name)));
    }
    await Promise.all(stopping);
  }

  /**
   * Prepares to start, beside what serves and one wave after the other, every copy of these programs that does not run as it is to be; units that are `gone` will be no more. Nothing
   * of it is routed to before it is promoted. `change` marks the copies, so that a platform after us knows what they were started for. `anew`: those too that run so already. `readyMs`: how long each may take.
   */
  stage(
    change: string,
    waves: readonly (readonly Program[])[],
    gone: readonly string[],
    { anew, readyMs }: { anew?: boolean | undefined; readyMs?: number | undefined } = {},
  ): Staged {
    const programs = waves.flat();
    const places: StagedPlace[] = [];
    for (const program of programs) {
      for (const name of slotNames(program)) {
        const isNew = !this.#slots.has(name);
        const slot = this.#slot(name, program.unit);
        const runs = slot.current?.record;
        if (anew !== true && runs !== undefined && this.#instances.isAsWanted(runs, program))
          continue;
        places.push({
          slot,
          isNew,
          start: () => this.#instances.launch(slot, program, change, readyMs),
        });
      }
    }
    const kept = new Set(programs.flatMap(slotNames));
    const touched = new Set([...programs.map(({ unit }) => unit), ...gone]);
    return new Staged(places, {
      recorded: () => this.#instances.recorded(),
      promoted: () => {
        for (const program of programs) this.#programs.set(program.unit, program);
        for (const unit of gone) this.#programs.delete(unit);
        return this.slots.filter((slot) => touched.has(slot.unit) && !kept.has(slot.name));
      },
      emptied: (slot) => {
        // A call may have had it filled meanwhile.
        if (slot.instances.length === 0) this.#slots.delete(slot.name);
      },
    });
  }

  /**
   * Exchanges the copies of a unit one after the other; new ones serve once `gate` has resolved. Answers them once everyone
   * routes to them; rejects at the first that does not get ready.
   */
  async replace(unit: string, gate?: Promise<unknown>): Promise<Instance[]> {
    const slots = this.slotsOf(unit);
    if (slots.length === 0 && !this.#programs.has(unit)) {
      throw new KerfError("not_found", {
        message: `There is no unit ${JSON.stringify(unit)}.`,
        fix: `Give one of: ${[...this.#programs.keys()].join(", ")}`,
      });
    }
    const replaced: Instance[] = [];
    for (const slot of slots) replaced.push(await slot.replace(gate));
    await this.#options.acknowledged();
    return replaced;
  }

  /** Exchanges the copies of a unit and waits for the end of those that were there. Answers the new ones. */
  async replaceWholly(unit: string): Promise<Instance[]> {
    const old = this.slotsOf(unit).flatMap((slot) => slot.instances);
    const replaced = await this.replace(unit);
    await Promise.all(old.map((instance) => instance.whenEnded));
    return replaced;
  }

  /** Ends the copies of a unit, each by force after `boundMs`, and starts it anew, unless all is to end by then. Resolves when they are ready, or failed. */
  async startAnew(unit: string, boundMs: number, stopping: AbortSignal): Promise<void> {
    const slots = this.slotsOf(unit);
    await Promise.all(slots.map((slot) => slot.stop(boundMs)));
    if (stopping.aborted) return;
    await Promise.all(slots.map((slot) => slot.start()));
  }

  /** Starts nothing again from now on. */
  letGo(): void {
    for (const slot of this.slots) slot.letGo();
  }

  /** Ends every copy of these programs; each by force after `boundMs`. */
  async stop(kind: Program["kind"], boundMs: number): Promise<void> {
    const slots = [...this.#slots.values()].filter(
      (slot) => isGateway(slot.unit) === (kind === "gateway"),
    );
    await Promise.all(slots.map((slot) => slot.stop(boundMs)));
  }

  /** Starts at once what waits for another try. */
  hurry(): void {
    for (const slot of this.slots) slot.hurry();
  }

  get slots(): readonly Slot[] {
    return [...this.#slots.values()];
  }

  slotsOf(unit: string): Slot[] {
    return this.slots.filter((slot) => slot.unit === unit);
  }

  /** Every process that runs. */
  get instances(): Instance[] {
    return this.slots.flatMap((slot) => slot.instances);
  }

  /** The logs that are being written. */
  get logs(): string[] {
    return this.slots.map((slot) => this.#options.home.log(slot.name));
  }

  /** The instance that a caller claims to be; throws `unauthenticated` when it cannot prove it. */
  identify(claim: { instance: string; token: string }): Instance {
    const instance = this.instances.find((one) => one.id === claim.instance);
    if (instance?.owns(claim.token) !== true) {
      throw new KerfError("unauthenticated", {
        message: "This platform did not start that instance.",
        why: "Its id is unknown here, or its token is not the one that it was given.",
        fix: "A process that an earlier platform left behind may be ended.",
      });
    }
    return instance;
  }

  /** An instance connected. Answers what to call when its connection has ended. */
  attach(attachment: Attachment): { instance: Instance; detached: () => void } {
    const instance = this.identify(attachment);
    instance.attach(attachment);
    return { instance, detached: () => instance.detach() };
  }

  /** Empties a place, unless it is filled again meanwhile. */
  async #leave(slot: Slot): Promise<void> {
    await slot.vacate(drainMs);
    if (slot.instances.length === 0 && slot.isVacant) this.#slots.delete(slot.name);
  }

  #slot(name: string, unit: string): Slot {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = new Slot(name, unit, {
        clock: this.#options.clock,
        launch: (place) => this.#instances.launch(place, this.#programs.get(place.unit) as Program),
        changed: () => this.#options.changed(),
        failed: (_place, instance, end, report) => this.#failed(instance, end, report),
        acknowledged: () => this.#options.acknowledged(),
      });
      this.#slots.set(name, slot);
    }
    return slot;
  }

  async #failed(instance: Instance, end: InstanceEnd, report: boolean): Promise<KerfError> {
    const { error, log } = await explainEnd(instance, end);
    this.#options.log.warn(error.message, {
      unit: instance.unit,
      instance: instance.id,
      code: error.code,
    });
    if (report) this.#options.problem(error, instance.unit, log);
    return error;
  }
}

/** Fills a place; rejects when the copy does not get ready, which is tried again all the same. */
async function fill(slot: Slot): Promise<void> {
  void slot.start();
  const instance = slot.current;
  // It failed a moment ago, and is due again.
  if (instance === undefined) throw KerfError.fromShape(slot.lastError ?? notRunning(slot));
  await instance.whenReady.catch(async () => {
    throw (await explainEnd(instance, await instance.whenEnded)).error;
  });
}

function notRunning({ name }: Slot): ErrorShape {
  return new KerfError("not_ready", `${name} is being started again.`).toShape();
}
