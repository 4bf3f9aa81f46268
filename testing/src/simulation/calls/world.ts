import type { Outcome } from "../outcome.ts";
import { Scheduler } from "../scheduler.ts";
import { ByteNetwork } from "./byte-network.ts";
import { Client, doings } from "./client.ts";
import { type ServiceName, serviceNames } from "./contracts.ts";
import { faultsMs, planFaults } from "./faults.ts";
import { Instance } from "./instance.ts";
import { Placement } from "./placement.ts";
import type { Program } from "./program.ts";
import { Properties } from "./properties.ts";
import { drawSettings, type Settings } from "./settings.ts";
import type { Variant } from "./variant.ts";

/** Callers, and the least and most instances of a service. */
const clientCount = 3;
const leastInstances = 3;
const mostInstances = 5;
/** Time between two calls of one client, on average, simulated milliseconds: under faults, and after. */
const busyMs = 40;
const calmMs = 500;
/** The same while it is waited for that everybody asks everybody: chance must have come by often enough. */
const reachingMs = 120;
/** After the last fault: everybody has noticed it, and every window has forgotten it. */
const recoveryMs = 20_000;
/** Longest time of a call that must succeed, milliseconds. */
const provenMs = 5_000;
/** When a client leaves what would hang, milliseconds. */
const calmLeaveMs = 30;
/** Longest until every caller has asked every instance again: ejections and slow answers are forgotten. */
const reachedMs = 60_000;
/** Longest until everything has ended that was told to. */
const stopMs = 10_000;

/** Callers and instances of three services, with connections between them. */
export class World {
  readonly scheduler: Scheduler;
  readonly settings: Settings;
  readonly variant: Variant;
  readonly network: ByteNetwork;
  readonly placement: Placement;
  readonly properties: Properties;
  readonly wallStart = Date.UTC(2026, 0, 15, 12);
  readonly clients: Client[] = [];
  readonly #instances = new Set<Instance>();
  /** Those that drain, and those that serve. */
  readonly #alive = new Set<Instance>();
  #started = 0;
  #calls = 0;

  constructor(seed: number, variant: Variant, details: boolean) {
    this.scheduler = new Scheduler(seed, details);
    this.variant = variant;
    this.settings = drawSettings(this.scheduler);
    this.network = new ByteNetwork(this.scheduler);
    this.placement = new Placement(this.scheduler);
    this.properties = new Properties(this.scheduler, this.settings);
  }

  /** Those of a service that were not told to end. */
  instancesOf(service: ServiceName): Instance[] {
    return [...this.#instances].filter((instance) => instance.service === service);
  }

  /** Every program that is alive. */
  get programs(): Program[] {
    return [
      ...this.clients.map(({ program }) => program),
      ...[...this.#alive].map(({ program }) => program),
    ];
  }

  nextCall(): number {
    return ++this.#calls;
  }

  /** Ends an instance; the platform notices, and starts another one in its place. */
  replace(instance: Instance, end: () => void): void {
    const { scheduler } = this;
    this.#gone(instance);
    this.#dead(instance);
    end();
    scheduler.plan(scheduler.latency(20, 2_000), `${instance.name} is missed`, () => {
      this.placement.remove(instance.service, instance.name);
      this.#startSoon(instance.service);
    });
  }

  /** A new instance takes the place of an old one; `announced`: routers are told before it drains. */
  deploy(instance: Instance, announced: boolean): void {
    const { scheduler, placement } = this;
    this.#gone(instance);
    scheduler.note(`${instance.name} is replaced`);
    this.#start(instance.service);
    const remove = (): void => placement.remove(instance.service, instance.name);
    const drain = (): void =>
      instance.process.deliver(() => {
        void instance.drain().then(() => {
          this.#dead(instance);
          instance.process.kill();
        });
      });
    const [first, then] = announced ? [remove, drain] : [drain, remove];
    first();
    scheduler.plan(scheduler.latency(1, 500), `${instance.name} is let go`, then);
  }

  /** Runs it: calls under faults, then without, then calls that must succeed, then everything ends. */
  async run(seed: number): Promise<Outcome> {
    for (const service of serviceNames) {
      const count = this.scheduler.integer(leastInstances, mostInstances);
      for (let n = 0; n < count; n++) this.#start(service);
    }
    for (let n = 1; n <= clientCount; n++) {
      const client = new Client(this, `client-${n}`);
      this.clients.push(client);
      this.placement.follow(client.program);
      client.keepCalling(() => faultsMs, busyMs, false);
    }
    planFaults(this);
    await this.#until(faultsMs);
    const proofFrom = faultsMs + recoveryMs;
    for (const client of this.clients) client.keepCalling(() => proofFrom, calmMs, true);
    await this.#until(proofFrom);
    this.properties.calmFrom = proofFrom;
    await this.#prove();
    await this.#reach();
    await this.#stop();
    return this.#outcome(seed);
  }

  get #violated(): boolean {
    return this.properties.violation !== undefined;
  }

  #until(ms: number): Promise<void> {
    return this.scheduler.run(ms, () => this.#violated);
  }

  /** Everybody calls everything, and nothing fails. */
  async #prove(): Promise<void> {
    if (this.#violated) return;
    const { scheduler } = this;
    scheduler.note("from here on every call succeeds");
    for (const client of this.clients) void this.#proveAll(client);
    await this.#until(scheduler.now + provenMs + 1_000);
  }

  /** One after the other: what is drawn narrow takes no more at once. */
  async #proveAll(client: Client): Promise<void> {
    for (const doing of doings) {
      const leavesMs = doing === "hang" ? calmLeaveMs : undefined;
      try {
        await client.do(doing, { deadlineMs: provenMs, leavesMs });
      } catch (error) {
        if (doing === "hang") continue;
        const who = client.program.process.name;
        this.properties.violated("calls succeed again", `${doing} of ${who}: ${String(error)}`);
      }
    }
  }

  /** Every client comes to ask every instance again. */
  async #reach(): Promise<void> {
    if (this.#violated) return;
    const { scheduler, properties, placement } = this;
    properties.reached.clear();
    const until = scheduler.now + reachedMs;
    const missing = (): string | undefined =>
      this.clients
        .flatMap(({ program }) =>
          serviceNames.flatMap((service) =>
            placement
              .instancesOf(service)
              .map(({ address }) => `${program.process.name} ${address}`),
          ),
        )
        .find((way) => !properties.reached.has(way));
    const stop = { at: until };
    for (const client of this.clients) client.keepCalling(() => stop.at, reachingMs, true);
    await scheduler.run(until, () => this.#violated || missing() === undefined);
    stop.at = scheduler.now;
    const still = missing();
    if (still !== undefined) properties.violated("whoever is well is asked again", still);
  }

  async #stop(): Promise<void> {
    if (this.#violated) return;
    const { scheduler, properties, network } = this;
    scheduler.note("everything ends");
    // What clients have under way they may finish.
    await this.#until(scheduler.now + provenMs + 1_000);
    const { programs } = this;
    const instances = [...this.#alive];
    const stopped = [...this.#alive].map((instance) => instance.drain());
    for (const { program } of this.clients) void program.caller.stop();
    await this.#until(scheduler.now + stopMs);
    void Promise.all(stopped);
    properties.checkAtRest(programs, instances, network.open);
  }

  #startSoon(service: ServiceName): void {
    this.scheduler.plan(this.scheduler.latency(50, 2_000), `another ${service}`, () =>
      this.#start(service),
    );
  }

  #start(service: ServiceName): void {
    this.#started += 1;
    const instance = new Instance(this, service, `${service}-${this.#started}`);
    this.#instances.add(instance);
    this.#alive.add(instance);
    this.scheduler.note(`${instance.name} starts`);
    this.network.listen(instance.address, instance);
    this.placement.follow(instance.program);
    this.placement.add(service, { id: instance.name, address: instance.address, state: "ready" });
  }

  #gone(instance: Instance): void {
    this.#instances.delete(instance);
  }

  #dead(instance: Instance): void {
    this.#alive.delete(instance);
    this.placement.forget(instance.program);
    this.properties.died(instance);
  }

  #outcome(seed: number): Outcome {
    const { scheduler, properties } = this;
    const { hash, now, happened } = scheduler;
    const { calls, answered, failed, retries, effects } = properties;
    return {
      seed,
      violation: properties.violation,
      hash,
      get trace() {
        return scheduler.trace;
      },
      simulatedMs: now,
      happened,
      counts: { calls, answered, failed, retries, effects },
    };
  }
}
