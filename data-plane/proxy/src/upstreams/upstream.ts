import {
  Balancer,
  CircuitBreaker,
  type Endpoint,
  type PlacedInstance,
  type PolicyDefaults,
  policyDefaults,
  RetryBudget,
  type WorkloadIdentity,
} from "@kerf/call";
import { type Clock, KerfError, type Random, type TimerWheel } from "@kerf/kernel";
import type { UpstreamPolicies, UpstreamSettings } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import { Admission } from "./admission.ts";
import { askHealth, HealthChecks } from "./health-checks.ts";
import type { ConnectionSettings, Instance } from "./instance.ts";

/** What every part of the traffic at a gateway is given. */
export interface TrafficParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Who we are to units of this environment, once that is known; undefined where programs talk over Unix sockets. */
  readonly identity?: (() => WorkloadIdentity | undefined) | undefined;
}

/** The policies of an upstream that says nothing; their sources are in {@link UpstreamPolicies}. */
const defaults = {
  deadlineMs: policyDefaults.deadlineMs,
  connectMs: 1_000,
  idleMs: 60_000,
  keepAliveMs: 4_000,
  attempts: policyDefaults.attempts,
  maxInFlight: policyDefaults.bulkhead,
  maxQueued: 128,
  tunnelIdleMs: 300_000,
} satisfies UpstreamPolicies;

/** The policies of an upstream with their defaults. */
export type ForeignPolicies = PolicyDefaults &
  typeof defaults &
  Pick<UpstreamPolicies, "attemptMs">;

/** The policies of an upstream, with the defaults for what it says nothing of. */
export function foreignPolicies(settings: UpstreamSettings): ForeignPolicies {
  return { ...policyDefaults, ...defaults, ...settings.policies };
}

/** What connections to the instances of an upstream depend on. */
export function connectionSettings(settings: UpstreamSettings): ConnectionSettings {
  const { connectMs, idleMs, keepAliveMs } = foreignPolicies(settings);
  return { connectMs, idleMs, keepAliveMs };
}

/** Where the requests of an upstream can go. */
export interface UpstreamPlaces {
  /** By url. */
  readonly instances: ReadonlyMap<string, Instance>;
  /** Their shares, by url; 1 for those that are not named. */
  readonly weights: ReadonlyMap<string, number>;
  /** Told with every request, where instances are looked for: what nobody asks for is looked for more rarely. */
  readonly wanted?: () => void;
}

/** A foreign service: its instances, and what the gateway knows of how they fare. The same policies as for calls to services. */
export class ForeignUpstream {
  readonly name: string;
  readonly settings: UpstreamSettings;
  readonly policies: ForeignPolicies;
  readonly admission: Admission;
  readonly breaker: CircuitBreaker;
  readonly budget: RetryBudget;
  #places: UpstreamPlaces;
  #unwell: ReadonlySet<string> = new Set();
  readonly #parts: TrafficParts;
  readonly #balancer: Balancer;
  readonly #health: HealthChecks | undefined;
  #placed: readonly PlacedInstance[];

  constructor(
    name: string,
    settings: UpstreamSettings,
    places: UpstreamPlaces,
    parts: TrafficParts,
  ) {
    const { clock, log, random, wheel } = parts;
    this.name = name;
    this.settings = settings;
    this.#places = places;
    this.#parts = parts;
    this.policies = foreignPolicies(settings);
    const { maxInFlight, maxQueued } = this.policies;
    this.admission = new Admission(name, wheel, maxInFlight, maxQueued);
    this.budget = new RetryBudget(this.policies);
    this.breaker = new CircuitBreaker(name, this.policies, (state) => {
      if (state === "open")
        log.warn(`The circuit to ${name} is open: most of the last requests failed.`);
      else if (state === "closed") log.info(`The circuit to ${name} is closed again.`);
    });
    this.#placed = this.#place();
    this.#balancer = new Balancer({
      service: name,
      discovery: {
        instancesOf: () => {
          this.#places.wanted?.();
          return this.#placed;
        },
        recordsCommands: () => false,
        onChange: () => () => {},
      },
      pool: {
        inFlight: (address) => this.instances.get(address)?.inFlight ?? 0,
        rests: (address) => this.instances.get(address)?.rests ?? false,
        probe: (address) => this.#probe(this.instances.get(address) as Instance),
      },
      policies: this.policies,
      random,
      clock,
      onEjection: ({ address }, isEjected) =>
        log.warn(
          `${address} of ${name} ${isEjected ? "is left out: its requests fail" : "is back"}`,
        ),
    });
    const { health } = settings;
    this.#health =
      health === undefined
        ? undefined
        : new HealthChecks(health, [...places.instances.values()], parts, (unwell) => {
            const all = this.instances.size;
            log.warn(`${unwell.size} of ${all} instances of ${name} are not well`, {
              unwell: [...unwell],
            });
            this.#unwell = unwell;
            this.#placed = this.#place();
          });
  }

  /** Its instances, by url. */
  get instances(): ReadonlyMap<string, Instance> {
    return this.#places.instances;
  }

  /** From now on it has these; what is known of those that stay is kept. */
  replace(places: UpstreamPlaces): void {
    this.#places = places;
    this.#unwell = new Set([...this.#unwell].filter((url) => places.instances.has(url)));
    this.#placed = this.#place();
    this.#health?.watch([...places.instances.values()]);
  }

  /** Begins to ask the instances whether they are well. Idempotent. */
  start(): void {
    this.#health?.start();
  }

  stop(): void {
    this.#health?.stop();
  }

  /** An instance for one attempt, another one than `tried` when there is one. @throws KerfError `unavailable` */
  pick(tried: string | undefined, now: number): { endpoint: Endpoint; instance: Instance } {
    const endpoint = this.#balancer.pick(tried, now);
    const instance = endpoint && this.instances.get(endpoint.instance.address);
    if (endpoint !== undefined && instance !== undefined) return { endpoint, instance };
    throw new KerfError("unavailable", {
      message: `${this.name} has no instance.`,
      retry: "not-executed",
    });
  }

  /** How an attempt ended; `failed` is undefined when that says nothing of the instance. */
  settled(endpoint: Endpoint, tookMs: number, failed: boolean | undefined): void {
    this.#balancer.settled(endpoint, tookMs, failed, this.#parts.clock.now());
  }

  /** All are used when none is well: that says more of the check than of them (Envoy's panic threshold). */
  #place(): readonly PlacedInstance[] {
    const unwell = this.#unwell;
    const panic = unwell.size >= this.instances.size;
    return [...this.instances.keys()].map((url) => ({
      id: url,
      address: url,
      state: panic || !unwell.has(url) ? "ready" : "draining",
      weight: this.#places.weights.get(url),
    }));
  }

  async #probe(instance: Instance): Promise<void> {
    const { health } = this.settings;
    if (health === undefined) await instance.knock();
    else await askHealth(instance, health, this.#parts.clock);
  }
}

/** The client is gone: nobody waits for this answer. */
export function left(): KerfError {
  return new KerfError("cancelled", "The client left before the answer.");
}
