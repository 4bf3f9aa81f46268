import { SimulatedServer } from "../database/server.ts";
import { SimulatedNetwork } from "../network.ts";
import type { Outcome } from "../outcome.ts";
import { Scheduler } from "../scheduler.ts";
import { statements } from "../statements/index.ts";
import { accounts, firstBalance, services, type ServiceName } from "./bank.ts";
import { Client } from "./client.ts";
import { faultsMs, planFaults } from "./faults.ts";
import { Instance } from "./instance.ts";
import { Properties } from "./properties.ts";
import type { Variant } from "./variant.ts";

/** Instances of each service, and clients. */
const instancesEach = 2;
const clients = 3;
/** Within so long after the last fault everything must have come to rest, simulated milliseconds. */
const restMs = 120_000;
/** How often is looked whether it has. */
const lookMs = 250;
/** Noon or so; some runs pass midnight of UTC, where the days of records and events change. */
const noon = Date.UTC(2026, 0, 15, 12);
const beforeMidnight = Date.UTC(2026, 0, 15, 23, 59, 50);

/** Two services with two instances each, two clients, one database server, and a network between them. */
export class World {
  readonly scheduler: Scheduler;
  readonly server: SimulatedServer;
  readonly network: SimulatedNetwork;
  readonly properties: Properties;
  readonly variant: Variant;
  readonly wallStart: number;
  /** Whether what applies events uses savepoints, so that events cannot be applied side by side. */
  readonly usesSavepoints: boolean;
  readonly #instances = new Set<Instance>();
  readonly #clients: Client[] = [];
  #started = 0;
  #ids = 0;

  constructor(seed: number, variant: Variant, details: boolean) {
    this.scheduler = new Scheduler(seed, details);
    this.variant = variant;
    this.wallStart = this.scheduler.chance(0.2) ? beforeMidnight : noon;
    this.usesSavepoints = this.scheduler.chance(0.3);
    const table =
      variant.statements === undefined ? statements : statements.with(variant.statements);
    this.server = new SimulatedServer(this.scheduler, table, this.wallStart);
    this.network = new SimulatedNetwork(this.scheduler);
    this.properties = new Properties(this.server);
  }

  /** Those of a service that take requests. */
  instancesOf(service: ServiceName): Instance[] {
    return [...this.#instances].filter((instance) => instance.service === service && instance.open);
  }

  /** An id of a saga: the same in every run of a seed. */
  newId(): string {
    this.#ids += 1;
    return `00000000-0000-7000-8000-${String(this.#ids).padStart(12, "0")}`;
  }

  /** Ends an instance, and starts another one in its place after a while. */
  replace(instance: Instance, afterMs: number, end: () => void): void {
    this.#instances.delete(instance);
    end();
    this.scheduler.plan(afterMs, `another ${instance.service}`, () =>
      this.#start(instance.service),
    );
  }

  /** Runs it: work under faults, then without, until everything is at rest. */
  async run(seed: number): Promise<Outcome> {
    for (const service of services) this.#prepare(service);
    for (let n = 1; n <= clients; n += 1) {
      const client = new Client(this, `client-${n}`);
      this.#clients.push(client);
      client.start();
    }
    planFaults(this);
    const violated = (): boolean => this.properties.violation !== undefined;
    let rested = false;
    for (let until = faultsMs; until < faultsMs + restMs && !rested; until += lookMs) {
      await this.scheduler.run(until, violated);
      if (violated()) break;
      rested = this.#clients.every(({ done }) => done) && this.properties.atRest;
    }
    if (rested) this.properties.checkAtRest();
    return this.#outcome(seed, rested);
  }

  #prepare(service: ServiceName): void {
    const database = this.server.database(service);
    for (const id of accounts) {
      database.table("account").load(id, { id, balance: firstBalance, n: 0 });
    }
    // Soon the sequence has to be logged again: what a crash then forgets of it matters.
    database.sequence("event_id").logged = this.scheduler.integer(0, 12);
    database.sequence("event_id").flush();
    for (let n = 0; n < instancesEach; n += 1) this.#start(service);
  }

  #start(service: ServiceName): void {
    this.#started += 1;
    const instance = new Instance(this, service, `${service}-${this.#started}`);
    this.#instances.add(instance);
    this.scheduler.note(`${instance.process.name} starts`);
    instance.start();
  }

  #outcome(seed: number, rested: boolean): Outcome {
    const { scheduler } = this;
    const { hash, now, happened } = scheduler;
    const restless = {
      property: "everything comes to rest",
      what: `${restMs / 1_000} s after the last fault: ${this.properties.unrest}; clients done: ${this.#clients.filter(({ done }) => done).length} of ${clients}`,
    };
    const count = (table: string): number =>
      services.reduce(
        (sum, service) => sum + this.server.database(service).table(table).rows.size,
        0,
      );
    return {
      seed,
      violation: this.properties.violation ?? (rested ? undefined : restless),
      hash,
      get trace() {
        return scheduler.trace;
      },
      simulatedMs: now,
      happened,
      counts: { events: count("event"), sagas: count("saga"), effects: count("effect") },
    };
  }
}
