import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Attachment, Boot } from "@kerf/call";
import { type Clock, type ErrorShape, KerfError, randomHex } from "@kerf/kernel";
import type { ManifestLimits } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import { isGateway } from "../placement/gateway-copies.ts";
import type { Launch, Runtime } from "../runtimes/runtime.ts";
import type { Home } from "../state/home.ts";
import { type InstanceRecord, InstanceRecords } from "../state/instance-records.ts";
import type { AttachedProgram } from "./attached-programs.ts";
import { explainEnd } from "./explain-end.ts";
import { fewAtOnce } from "./few-at-once.ts";
import { Instance, type InstanceEnd } from "./instance.ts";
import { plainName, type Program } from "./program.ts";
import { Staged, type StagedPlace } from "./staged.ts";
import { drainMs, Slot } from "./slot.ts";

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** How long a platform that finds instances of one before waits until they have attached to it, in milliseconds. */
const reconcileBoundMs = 3_000;

/** What the supervisor needs and what it tells. */
export interface SupervisorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly home: Home;
  readonly runtime: Runtime;
  readonly appModule: string;
  readonly network: "unix" | "tcp";
  readonly environment: string;
  /** The document that a new copy starts from. */
  boot(program: Program, record: InstanceRecord): Promise<Boot>;
  /** What a unit runs instead of the program that its service declares. */
  attached(unit: string): AttachedProgram | undefined;
  /** What a copy of a unit may use. */
  limits(unit: string): ManifestLimits;
  /** Something that `status` or the snapshot shows is different now. */
  changed(): void;
  /** An instance entered another state. */
  moved(instance: Instance): void;
  /** A copy failed in a way that people should know of. */
  problem(error: KerfError, source: string, log: readonly string[]): void;
  /** Resolves when every router has acknowledged the present placement, or after a bound. */
  acknowledged(): Promise<void>;
}

/** Keeps every unit and gateway running, and knows which of their processes is which. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #records: InstanceRecords;
  readonly #programs = new Map<string, Program>();
  readonly #slots = new Map<string, Slot>();
  /** What each instance was last said to be in, so that a change is told once. */
  readonly #states = new WeakMap<Instance, string>();
  /** Records that are being written. */
  readonly #recording = new Set<Promise<void>>();

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#records = new InstanceRecords(options.home.instances);
  }

  /** Whether anything still runs that a platform before us started. */
  leftovers(): boolean {
    return this.#records
      .all()
      .some((record) => this.#options.runtime.adopt(record.reference) !== undefined);
  }

  /**
   * Goes on with what a platform before us started and still lives. Resolves when all of it has attached to us, or after 3 s:
   * until then nothing is known well enough to be published. Copies that were started for the change `undone` are ended, once nobody calls them. Answers what was found.
   */
  async reconcile(programs: readonly Program[], undone?: string): Promise<Instance[]> {
    for (const program of programs) this.#programs.set(program.unit, program);
    const waiting: Promise<void>[] = [];
    const found: Instance[] = [];
    const last = ({ change }: InstanceRecord): number =>
      Number(undone !== undefined && change === undone);
    const records = this.#records.all().sort((a, b) => last(a) - last(b) || servesBest(a, b));
    for (const record of records) {
      const running = this.#options.runtime.adopt(record.reference);
      if (running === undefined) {
        this.#forget(record);
        continue;
      }
      // Of a change that is undone: callers may know it beside the copy that serves, and are told first; where none serves, nobody knows it.
      const isUndone = undone !== undefined && record.change === undone;
      if (isUndone && this.#slots.get(record.slot)?.current === undefined) {
        running.kill();
        void running.exited.then(() => this.#forget(record));
        continue;
      }
      const attached = Promise.withResolvers<void>();
      const instance = this.#watch(
        new Instance({
          record,
          running: Promise.resolve(running),
          clock: this.#options.clock,
          adopted: true,
          onChange: (changed) => {
            if (changed.attached || changed.state === "stopped") attached.resolve();
            this.#changed(changed);
          },
        }),
      );
      const slot = this.#slot(record.slot, record.unit);
      slot.adopt(instance);
      // What is to run no more goes on until what takes its place is there, and is not started again.
      if (!this.#programs.has(record.unit)) slot.letGo();
      waiting.push(attached.promise);
      found.push(instance);
    }
    this.#clearSnapshots();
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
      if (runs !== undefined && !this.#serves(runs, program)) {
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
    const alive = this.#records
      .all()
      .filter(
        ({ change, reference }) =>
          (change === undefined || change !== undone) &&
          this.#options.runtime.adopt(reference) !== undefined,
      );
    const slots = Map.groupBy(alive, ({ unit }) => unit);
    return new Map(
      [...slots].map(([unit, records]) => [unit, new Set(records.map(({ slot }) => slot)).size]),
    );
  }

  /** Where gateways listen that a platform before us started, by unit. */
  leftoverPorts(): Map<string, number> {
    const alive = this.#records
      .all()
      .filter(
        ({ address, reference }) =>
          address.startsWith("http") && this.#options.runtime.adopt(reference) !== undefined,
      );
    return new Map(alive.map(({ address, unit }) => [unit, Number(new URL(address).port)]));
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
        if (anew !== true && runs !== undefined && this.#serves(runs, program)) continue;
        places.push({ slot, isNew, start: () => this.#launch(slot, program, change, readyMs) });
      }
    }
    const kept = new Set(programs.flatMap(slotNames));
    const touched = new Set([...programs.map(({ unit }) => unit), ...gone]);
    return new Staged(places, {
      recorded: async () => void (await Promise.all(this.#recording)),
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

  #serves(record: InstanceRecord, program: Program): boolean {
    return (
      record.appModule === this.#options.appModule &&
      (record.network ?? "unix") === this.#options.network &&
      (record.environment ?? this.#options.environment) === this.#options.environment &&
      sameProgram(record.attached, this.#options.attached(program.unit)) &&
      record.release === program.release &&
      record.services.length === program.services.length &&
      record.services.every((service) => program.services.includes(service))
    );
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
        launch: (place) => this.#launch(place, this.#programs.get(place.unit) as Program),
        changed: () => this.#options.changed(),
        failed: (_place, instance, end, report) => this.#failed(instance, end, report),
        acknowledged: () => this.#options.acknowledged(),
      });
      this.#slots.set(name, slot);
    }
    return slot;
  }

  #launch(slot: Slot, program: Program, change?: string, readyMs?: number): Instance {
    const { clock, home, network, runtime } = this.#options;
    const id = `${plainName(slot.unit)}-${randomHex(3)}`;
    const logFile = home.log(slot.name);
    const limits = this.#options.limits(slot.unit);
    const plan: Writable<InstanceRecord> = {
      id,
      unit: slot.unit,
      slot: slot.name,
      services: program.services,
      heldBack: [],
      appModule: this.#options.appModule,
      token: randomBytes(32).toString("base64url"),
      address: program.kind === "gateway" ? "" : addressFor(network, home, id),
      network,
      environment: this.#options.environment,
      attached: this.#options.attached(slot.unit),
      release: program.release,
      builds: program.builds,
      change,
      logFile,
      ready: false,
      logFrom: statSync(logFile, { throwIfNoEntry: false })?.size ?? 0,
      startedAt: clock.wall(),
      reference: undefined,
    };
    const boot = this.#options.boot(program, plan).then(async (document) => {
      plan.heldBack = program.services.filter((service) => !document.services.includes(service));
      if (plan.heldBack.length > 0) await this.#records.write(plan);
      return document;
    });
    // The runtime waits for it; until it does, a rejection has nobody else.
    boot.catch(() => {});
    const running = runtime.start(
      {
        instance: id,
        program: programOf(program),
        ...(program.image === undefined ? undefined : { image: program.image }),
        preload: {
          appModule: plan.appModule,
          services: program.services,
          ...(program.builds === undefined ? undefined : { builds: program.builds }),
        },
        boot,
        memoryBytes: limits.memoryBytes,
        cpus: limits.cpus,
        logFile,
        // It is staged: what serves now serves meanwhile.
        yields: change !== undefined,
      },
      (started) => {
        plan.reference = started.reference;
        return this.#records.write(plan);
      },
    );
    const instance = this.#watch(
      new Instance({
        record: plan,
        running,
        booted: boot,
        clock,
        readyMs,
        onChange: (changed) => this.#changed(changed),
      }),
    );
    instance.whenReady.then(
      () => {
        plan.ready = true;
        // Where it listens, now that a port is found: a platform after us must know it before it attaches.
        plan.address = instance.address;
        const recording = this.#records.write(plan);
        this.#recording.add(recording);
        return recording.finally(() => this.#recording.delete(recording));
      },
      () => {}, // Its end says more.
    );
    return instance;
  }

  #watch(instance: Instance): Instance {
    void instance.whenEnded.then(() => this.#forget(instance.record));
    return instance;
  }

  #changed(instance: Instance): void {
    const state = `${instance.state} ${instance.pid}`;
    if (this.#states.get(instance) !== state) {
      this.#states.set(instance, state);
      this.#options.moved(instance);
    }
    this.#options.changed();
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

  /** What processes that were killed left behind. */
  #clearSnapshots(): void {
    const { snapshots } = this.#options.home;
    const known = new Set(this.instances.map((instance) => `${instance.id}.json`));
    for (const name of readdirSync(snapshots)) {
      if (!known.has(name)) rmSync(join(snapshots, name), { force: true });
    }
  }

  #forget(record: InstanceRecord): void {
    this.#records.remove(record.id);
    rmSync(this.#options.home.snapshot(record.id), { force: true });
    if (!record.address.startsWith("unix:")) return;
    rmSync(record.address.slice(5), { force: true });
    // What a sidecar shares with its program lies beside its socket.
    rmSync(`${record.address.slice(5)}.d`, { recursive: true, force: true });
  }
}

function sameProgram(
  one: AttachedProgram | undefined,
  other: AttachedProgram | undefined,
): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
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

/** Of several copies in one place, which one is to serve: one that was ready, of those the newest. */
function servesBest(a: InstanceRecord, b: InstanceRecord): number {
  return Number(b.ready) - Number(a.ready) || b.startedAt - a.startedAt;
}

/** Where a new copy is to listen: on this machine's loopback at any port that is free, or at a socket of its own. */
function addressFor(network: "unix" | "tcp", home: Home, id: string): string {
  return network === "tcp" ? "tcp:127.0.0.1:0" : `unix:${home.instanceSocket(id)}`;
}

function programOf({ kind, sidecar }: Program): Launch["program"] {
  if (kind === "image") return "image-sidecar";
  return sidecar === true ? "sidecar" : kind;
}

/** The places of a program's copies. */
function slotNames({ unit, copies }: Program): string[] {
  return Array.from({ length: copies }, (_, index) => `${plainName(unit)}-${index + 1}`);
}
