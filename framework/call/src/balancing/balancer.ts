import type { Clock, Random } from "@kerf/kernel";
import type { Discovery } from "../discovery/discovery.ts";
import type { Address, PlacedInstance } from "../placement.ts";
import type { PolicyDefaults } from "../policies/defaults.ts";
import { OutlierEjection, OutlierRecord } from "../policies/outlier-ejection.ts";
import { chooseByKey } from "./affinity.ts";
import type { Endpoint } from "./endpoint.ts";
import { PeakEwma } from "./peak-ewma.ts";
import type { TransportPool } from "./transport-pool.ts";

/** Least share of its weight that a new instance gets. */
const leastShare = 0.1;

/** What a balancer is made of. */
export interface BalancerOptions {
  readonly service: string;
  readonly discovery: Discovery;
  readonly pool: Pick<TransportPool, "inFlight" | "probe" | "rests">;
  readonly policies: PolicyDefaults;
  readonly random: Random;
  readonly clock: Clock;
  /** Told when an instance is left out, and when it is back. */
  readonly onEjection?: (instance: PlacedInstance, isEjected: boolean) => void;
}

/**
 * Chooses among the instances of one service: the better one of two drawn at random, by how long they take, how busy they
 * are and what they weigh. Nearly as good as asking all, without the herd that follows when everyone picks the best.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #ejection: OutlierEjection;
  #from: readonly PlacedInstance[] | undefined;
  #endpoints: readonly Endpoint[] = [];
  /** Whether some are to get more than others. */
  #areWeighted = false;
  /** When the first of those that are there now was seen. */
  #oldestSince = Number.NEGATIVE_INFINITY;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#ejection = new OutlierEjection(options.policies, (record) => {
      const endpoint = this.#endpoints.find(({ outlier }) => outlier === record);
      if (endpoint !== undefined) options.onEjection?.(endpoint.instance, record.isEjected);
    });
  }

  /**
   * An instance for one attempt; `tried` is left out while there is another, and so is what broke or was ejected. With a `key`, the one that every
   * caller asks for it.
   */
  pick(tried: Address | undefined, now: number, key?: string): Endpoint | undefined {
    const endpoints = this.#current();
    const count = endpoints.length;
    if (count <= 1) {
      const only = endpoints[0];
      return only?.instance.state === "ready" ? only : undefined;
    }
    if (this.#ejection.ejected > 0) this.#probeDue(now);
    if (key !== undefined) return this.#pickByKey(key, tried);
    if (this.#areWeighted) return this.#pickByWeight(tried, now);
    const { random } = this.#options;
    const first = Math.floor(random.next() * count);
    const second = (first + 1 + Math.floor(random.next() * (count - 1))) % count;
    const one = endpoints[first] as Endpoint;
    const other = endpoints[second] as Endpoint;
    if (this.#isGood(one, tried) && this.#isGood(other, tried))
      return this.#better(one, other, now);
    return this.#pickOfGood(tried, now);
  }

  /** Whether there is an instance beside the one at `address` to which a call can go. */
  hasAnother(address: Address | undefined): boolean {
    return this.#current().some((endpoint) => this.#isGood(endpoint, address));
  }

  /** Whether all have come so lately that they are slow for honest reasons, as after a deploy: nobody else is to be asked either. */
  areNew(now: number): boolean {
    return now - this.#oldestSince < this.#options.policies.slowStartMs;
  }

  /** How an attempt at an instance ended; `failed` is undefined when that says nothing of it. */
  settled(endpoint: Endpoint, tookMs: number, failed: boolean | undefined, now: number): void {
    if (failed === undefined) return;
    // A failure that comes quickly must not make it look fast. One that was waited for makes it look slow: given up, its calls are under way no
    // more, and an instance that hangs would look idle.
    if (!failed || tookMs > (endpoint.load.at(now) ?? Number.POSITIVE_INFINITY))
      endpoint.load.record(tookMs, now);
    this.#ejection.settled(endpoint.outlier, failed, now);
  }

  /**
   * Two by their weights, and the better one of them. By its cost alone an instance of a tenth of the weight would get nothing as long as the others
   * have little to do.
   */
  #pickByWeight(tried: Address | undefined, now: number): Endpoint | undefined {
    const choices = this.#choices(tried);
    if (choices.length <= 1) return choices[0];
    const sum = choices.reduce((all, { instance }) => all + weightOf(instance), 0);
    const one = this.#drawn(choices, sum);
    const other = this.#drawn(choices, sum);
    return one === other ? one : this.#better(one, other, now);
  }

  #drawn(choices: readonly Endpoint[], sum: number): Endpoint {
    let left = this.#options.random.next() * sum;
    for (const endpoint of choices) {
      left -= weightOf(endpoint.instance);
      if (left < 0) return endpoint;
    }
    return choices.at(-1) as Endpoint;
  }

  #pickByKey(key: string, tried: Address | undefined): Endpoint | undefined {
    const { pool } = this.#options;
    const candidates = this.#choices(tried).map((endpoint) => ({
      id: endpoint.instance.id,
      weight: weightOf(endpoint.instance),
      inFlight: pool.inFlight(endpoint.instance.address),
      endpoint,
    }));
    return chooseByKey(key, candidates)?.endpoint;
  }

  /** What is good, or else what was not left out, or else what there is. */
  #choices(tried: Address | undefined): readonly Endpoint[] {
    const ready = this.#endpoints.filter(({ instance }) => instance.state === "ready");
    const good = ready.filter((endpoint) => this.#isGood(endpoint, tried));
    if (good.length > 0) return good;
    const rest = ready.filter(({ outlier }) => !outlier.isEjected);
    return rest.length > 0 ? rest : ready;
  }

  #pickOfGood(tried: Address | undefined, now: number): Endpoint | undefined {
    const { random } = this.#options;
    const choices = this.#choices(tried);
    if (choices.length <= 1) return choices[0];
    const first = Math.floor(random.next() * choices.length);
    const second = (first + 1 + Math.floor(random.next() * (choices.length - 1))) % choices.length;
    return this.#better(choices[first] as Endpoint, choices[second] as Endpoint, now);
  }

  #isGood({ instance, outlier }: Endpoint, tried: Address | undefined): boolean {
    return (
      instance.state === "ready" &&
      instance.address !== tried &&
      !outlier.isEjected &&
      !this.#options.pool.rests(instance.address)
    );
  }

  #better(one: Endpoint, other: Endpoint, now: number): Endpoint {
    const a = one.load.at(now);
    const b = other.load.at(now);
    // What nobody has measured yet is taken to be as fast as the other.
    const known = a !== undefined && b !== undefined;
    const costOne = (known ? a : 1) * this.#pressure(one, now);
    const costOther = (known ? b : 1) * this.#pressure(other, now);
    return costOther < costOne ? other : one;
  }

  /** Calls under way with the one to come; of a new instance as if there were more. */
  #pressure({ instance, since }: Endpoint, now: number): number {
    const { pool, policies } = this.#options;
    const age = now - since;
    const warm = age >= policies.slowStartMs ? 1 : Math.max(leastShare, age / policies.slowStartMs);
    return (pool.inFlight(instance.address) + 1) / warm;
  }

  #current(): readonly Endpoint[] {
    const { clock, discovery, policies, service } = this.#options;
    const instances = discovery.instancesOf(service);
    if (instances === this.#from) return this.#endpoints;
    const now = clock.now();
    // Those that are there at the beginning are as new as each other.
    const since = this.#from === undefined ? Number.NEGATIVE_INFINITY : now;
    const before = new Map(this.#endpoints.map((endpoint) => [endpoint.instance.id, endpoint]));
    this.#endpoints = instances.map((instance) => {
      const known = before.get(instance.id);
      if (known?.instance.address !== instance.address) {
        const outlier = new OutlierRecord(policies.ejectWindowMs);
        return { instance, load: new PeakEwma(policies.loadDecayMs), outlier, since };
      }
      known.instance = instance;
      return known;
    });
    this.#from = instances;
    this.#oldestSince = this.#endpoints.reduce(
      (oldest, { since: each }) => Math.min(oldest, each),
      now,
    );
    const [first] = instances;
    this.#areWeighted = instances.some((one) => weightOf(one) !== weightOf(first));
    this.#ejection.watch(this.#endpoints.map(({ outlier }) => outlier));
    return this.#endpoints;
  }

  #probeDue(now: number): void {
    const { clock, pool } = this.#options;
    for (const { instance, outlier } of this.#endpoints) {
      if (!this.#ejection.isDue(outlier, now)) continue;
      pool.probe(instance.address).then(
        () => this.#ejection.probed(outlier, true, clock.now()),
        () => this.#ejection.probed(outlier, false, clock.now()),
      );
    }
  }
}

function weightOf(instance: PlacedInstance | undefined): number {
  return instance?.weight ?? 1;
}
