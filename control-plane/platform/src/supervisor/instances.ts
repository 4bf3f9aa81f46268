import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Boot } from "@kerf/call";
import { type Clock, randomHex } from "@kerf/kernel";
import type { ManifestLimits } from "@kerf/service";
import type { Launch, Running, Runtime } from "../runtimes/runtime.ts";
import type { Home } from "../state/home.ts";
import type { InstanceRecord, InstanceRecords } from "../state/instance-records.ts";
import type { AttachedProgram } from "./attached-programs.ts";
import { Instance } from "./instance.ts";
import { plainName, type Program } from "./program.ts";
import type { Slot } from "./slot.ts";

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** What instances are made from, and what is told of them. */
export interface InstancesOptions {
  readonly clock: Clock;
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
}

/** Makes the copies of programs, new ones and those that a platform before us started, and keeps on disk what the next one must know of them. */
export class Instances {
  readonly #options: InstancesOptions;
  readonly #records: InstanceRecords;
  /** What each was last said to be in, so that a change is told once. */
  readonly #states = new WeakMap<Instance, string>();
  /** Records that are being written. */
  readonly #recording = new Set<Promise<void>>();

  constructor(options: InstancesOptions, records: InstanceRecords) {
    this.#options = options;
    this.#records = records;
  }

  /** Starts a copy. `change`: what it is started for beside what serves. `readyMs`: how long it may take. */
  launch(slot: Slot, program: Program, change?: string, readyMs?: number): Instance {
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

  /** Goes on with a copy that a platform before us started. `settled` is called when it has attached to us, or has ended. */
  adopt(record: InstanceRecord, running: Running, settled: () => void): Instance {
    return this.#watch(
      new Instance({
        record,
        running: Promise.resolve(running),
        clock: this.#options.clock,
        adopted: true,
        onChange: (changed) => {
          if (changed.attached || changed.state === "stopped") settled();
          this.#changed(changed);
        },
      }),
    );
  }

  /** Whether a copy runs as it would be started now. */
  isAsWanted(record: InstanceRecord, program: Program): boolean {
    const { appModule, environment, network } = this.#options;
    return (
      record.appModule === appModule &&
      (record.network ?? "unix") === network &&
      (record.environment ?? environment) === environment &&
      sameProgram(record.attached, this.#options.attached(program.unit)) &&
      record.release === program.release &&
      record.services.length === program.services.length &&
      record.services.every((service) => program.services.includes(service))
    );
  }

  /** Resolves when what is known of all copies is on disk. */
  async recorded(): Promise<void> {
    await Promise.all(this.#recording);
  }

  /** Removes what is on disk of a copy that has ended. */
  forget(record: InstanceRecord): void {
    this.#records.remove(record.id);
    rmSync(this.#options.home.snapshot(record.id), { force: true });
    if (!record.address.startsWith("unix:")) return;
    rmSync(record.address.slice(5), { force: true });
    // What a sidecar shares with its program lies beside its socket.
    rmSync(`${record.address.slice(5)}.d`, { recursive: true, force: true });
  }

  /** Removes the snapshots that others than these left behind: processes that were killed. */
  clearSnapshots(living: readonly Instance[]): void {
    const { snapshots } = this.#options.home;
    const known = new Set(living.map((instance) => `${instance.id}.json`));
    for (const name of readdirSync(snapshots)) {
      if (!known.has(name)) rmSync(join(snapshots, name), { force: true });
    }
  }

  #watch(instance: Instance): Instance {
    void instance.whenEnded.then(() => this.forget(instance.record));
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
}

function sameProgram(
  one: AttachedProgram | undefined,
  other: AttachedProgram | undefined,
): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Where a new copy is to listen: on this machine's loopback at any port that is free, or at a socket of its own. */
function addressFor(network: "unix" | "tcp", home: Home, id: string): string {
  return network === "tcp" ? "tcp:127.0.0.1:0" : `unix:${home.instanceSocket(id)}`;
}

function programOf({ kind, sidecar }: Program): Launch["program"] {
  if (kind === "image") return "image-sidecar";
  return sidecar === true ? "sidecar" : kind;
}
