import type { DatabaseBoot } from "@kerf/call";
import type { ClonedDatabase } from "@kerf/data";
import type { ServiceName } from "../app/services.ts";
import type { CrashPlan, Reached } from "../hook/crash.ts";
import { Databases } from "../invariants/found.ts";
import { assertInvariants } from "../invariants/invariants.ts";
import { unrest } from "../invariants/rest.ts";
import type { Scenario } from "../scenario.ts";
import type { Bench } from "./bench.ts";
import { delay, systemClock } from "@kerf/kernel";
import { bounded, eventually } from "./bounded.ts";
import type { Child } from "./child.ts";
import { ScenarioClient } from "./client.ts";

/** Connections of one instance to one database. */
const connections = 4;
/** How long clients may take, and how long it may take until all is at rest, milliseconds. */
const driveMs = 60_000;
const restMs = 30_000;
/** By how much those are earlier that are to be first, milliseconds: a process takes that long to come up. */
const headStartMs = 400;

/** A process that is to die, and where. */
export interface Killing extends CrashPlan {
  /** Name of the process in its scenario. */
  readonly process: string;
}

/** What a run has come to; what does not hold is thrown. */
export interface RunResult {
  /** Whether the planned moment came. */
  readonly killed: boolean;
  /** What each process that lived through it came to. */
  readonly reached: ReadonlyMap<string, readonly Reached[]>;
}

/** Which processes are started a moment before the others; by default all at once. */
export type First = "killed" | "others";

/** One run of one scenario, with one process killed at one moment or with none. Throws what does not hold. */
export async function run(
  bench: Bench,
  scenario: Scenario,
  killing?: Killing,
  first?: First,
): Promise<RunResult> {
  const names = [...new Set(Object.values(scenario.processes).flat())];
  const directory = await bench.directory();
  const clones =
    scenario.setup === true
      ? await bench.unmade(names, scenario.spare === true)
      : await bench.databases(names);
  const databases = new Databases(clones);
  const broker = scenario.broker === true ? await bench.broker() : undefined;
  const parts = { bench, scenario, killing, first, directory, clones, databases, broker };
  const one = new Run(parts);
  try {
    return await one.play();
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${one.said}`, {
      cause: error,
    });
  } finally {
    await one.end();
    await databases.close();
    for (const clone of clones.values()) await clone.drop();
  }
}

interface Slot {
  readonly name: string;
  readonly address: string;
  child: Child;
  instance: string;
  /** How many instances it has had. */
  generation: number;
  stopping: boolean;
  paused: boolean;
}

class Run {
  readonly #bench: Bench;
  readonly #scenario: Scenario;
  readonly #killing: Killing | undefined;
  readonly #first: First | undefined;
  readonly #clones: ReadonlyMap<ServiceName, ClonedDatabase>;
  readonly #databases: Databases;
  readonly #broker: string | undefined;
  readonly #client: ScenarioClient;
  readonly #addresses: Readonly<Record<string, readonly string[]>>;
  readonly #slots: Slot[];
  readonly #failed = Promise.withResolvers<never>();
  /** Processes that are being replaced. */
  readonly #replacing = new Set<Promise<void>>();
  readonly #reached = new Map<string, readonly Reached[]>();
  #killed = false;

  constructor(parts: {
    readonly bench: Bench;
    readonly scenario: Scenario;
    readonly killing: Killing | undefined;
    readonly first: First | undefined;
    readonly directory: string;
    readonly clones: ReadonlyMap<ServiceName, ClonedDatabase>;
    readonly databases: Databases;
    readonly broker: string | undefined;
  }) {
    const { scenario, bench, directory } = parts;
    this.#bench = bench;
    this.#scenario = scenario;
    this.#killing = parts.killing;
    this.#first = parts.first;
    this.#clones = parts.clones;
    this.#databases = parts.databases;
    this.#broker = parts.broker;
    this.#slots = Object.keys(scenario.processes).map((name) => ({
      name,
      address: `unix:${directory}/${name}`,
      child: bench.children.take(),
      instance: "",
      generation: 0,
      stopping: false,
      paused: false,
    }));
    const addresses: Record<string, string[]> = {};
    for (const { name, address } of this.#slots)
      for (const service of this.#calledIn(name)) (addresses[service] ??= []).push(address);
    this.#addresses = addresses;
    this.#client = new ScenarioClient(addresses);
    // Looked at where something is waited for.
    this.#failed.promise.catch(() => undefined);
  }

  async play(): Promise<RunResult> {
    await this.#scenario.prepare?.(this.#databases);
    await Promise.all(this.#slots.map((slot) => this.#bootInTurn(slot)));
    const operator = { stop: (name: string) => this.#stopEarly(name) };
    const driven = this.#scenario.drive(this.#client, operator);
    await this.#or(bounded(driven, driveMs, () => "clients are done"));
    await this.#rest();
    // Whoever was taken for dead goes on with what it was at, and must be refused.
    for (const { child, paused } of this.#slots) if (paused) child.resume();
    for (const slot of this.#slots) if (!slot.stopping) await this.#stop(slot);
    const found = await this.#databases.find(this.#client.outcomes);
    assertInvariants(found);
    await this.#scenario.check(found, this.#databases);
    for (const { child } of this.#slots.splice(0)) this.#bench.children.giveBack(child);
    return { killed: this.#killed, reached: this.#reached };
  }

  /** What the processes logged. */
  get said(): string {
    return this.#slots
      .flatMap(({ name, child }) => child.lines.map((line) => `${name}: ${line}`))
      .join("\n");
  }

  async end(): Promise<void> {
    await this.#client.stop();
    // None is left when all went well.
    for (const slot of this.#slots) {
      slot.stopping = true;
      await slot.child.end();
    }
  }

  async #bootInTurn(slot: Slot): Promise<void> {
    const isKilled = slot.name === this.#killing?.process;
    if (this.#first !== undefined && isKilled !== (this.#first === "killed"))
      await delay(systemClock, headStartMs);
    await this.#boot(slot);
  }

  /** Starts an instance in a slot; the plan is for the first one only. */
  async #boot(slot: Slot): Promise<void> {
    const { name, address, child } = slot;
    const killing =
      slot.generation === 0 && this.#killing?.process === name ? this.#killing : undefined;
    slot.instance = `${name}-${++slot.generation}`;
    slot.stopping = false;
    const services = this.#scenario.processes[name] ?? [];
    const boots = services.flatMap((service): [string, DatabaseBoot][] => {
      const clone = this.#clones.get(service);
      return clone === undefined ? [] : [[service, { ...clone.app, connections }]];
    });
    const booted = await child.boot({
      instance: slot.instance,
      services,
      databases: Object.fromEntries(boots),
      address,
      addresses: this.#addresses,
      plan: killing && {
        fate: killing.fate,
        key: killing.key,
        occurrence: killing.occurrence,
        among: this.#scenario.among?.source,
      },
      broker: this.#broker,
      cut:
        slot.generation === 1 && this.#scenario.cut?.process === name
          ? this.#scenario.cut
          : undefined,
      setup: this.#scenario.setup === true ? this.#bench.admin : undefined,
      upkeep: this.#scenario.upkeep === true,
    });
    if (booted) this.#watch(slot, child);
    else await this.#replace(slot);
  }

  #watch(slot: Slot, child: Child): void {
    void child.paused.then(() => this.#during(this.#leaveAlone(slot)));
    void child.exited.then(() => {
      if (slot.stopping || slot.child !== child) return;
      this.#during(this.#replace(slot));
    });
  }

  #during(replacing: Promise<void>): void {
    const replaced = replacing.catch((error: unknown) => this.#failed.reject(error));
    this.#replacing.add(replaced);
    void replaced.then(() => this.#replacing.delete(replaced));
  }

  /** Somebody is paused: the time of its leases passes, and others take what it had. */
  async #leaveAlone(slot: Slot): Promise<void> {
    this.#killed = true;
    slot.paused = !slot.stopping;
    await this.#databases.expire(slot.instance);
    // Somebody waits for its end.
    if (slot.stopping) slot.child.resume();
  }

  /** Somebody was killed: the time of its leases passes, and another instance comes if the scenario says so. */
  async #replace(slot: Slot): Promise<void> {
    if (!slot.child.wasKilled || this.#killed || this.#killing?.process !== slot.name)
      throw new Error(
        `The process ${slot.name} ended, and not as planned:\n${slot.child.lines.join("\n")}`,
      );
    this.#killed = true;
    // Whoever makes its database leases nothing in it yet, or nothing that another instance waits for.
    if (this.#scenario.setup !== true) await this.#databases.expire(slot.instance);
    if (this.#scenario.restarts === false && this.#hasPeer(slot)) return;
    slot.child = this.#bench.children.take();
    await this.#boot(slot);
  }

  /** Whether another process runs the same services. */
  #hasPeer(slot: Slot): boolean {
    const { processes } = this.#scenario;
    const alike = processes[slot.name]?.join();
    return this.#slots.some(
      (other) => other !== slot && !other.stopping && processes[other.name]?.join() === alike,
    );
  }

  async #rest(): Promise<void> {
    await this.#or(
      eventually(async () => {
        await Promise.all(this.#replacing);
        return (await unrest(this.#databases)) ?? (await this.#scenario.unrest?.(this.#databases));
      }, restMs),
    );
  }

  #calledIn(process: string): readonly ServiceName[] {
    const { processes, standby } = this.#scenario;
    return standby?.includes(process) === true ? [] : (processes[process] ?? []);
  }

  async #stopEarly(name: string): Promise<void> {
    const slot = this.#slots.find((one) => one.name === name);
    if (slot !== undefined) await this.#stop(slot);
  }

  /** Ends an instance in order; when it is killed in the middle, a next one brings all to rest, and is ended. */
  async #stop(slot: Slot): Promise<void> {
    await Promise.all(this.#replacing);
    if (slot.child.isGone) return;
    const first = slot.generation === 1;
    slot.stopping = true;
    const ended = await slot.child.stop();
    if (ended === "killed") {
      await this.#replace(slot);
      await this.#rest();
      return this.#stop(slot);
    }
    if (ended.strange.length > 0)
      throw new Error(
        `Statements that no point stands for:\n${ended.strange.join("\n")}\nThe scenarios' own name public.TABLE; run npm run fix for the platform's.`,
      );
    if (first) this.#reached.set(slot.name, ended.reached);
  }

  #or<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }
}
