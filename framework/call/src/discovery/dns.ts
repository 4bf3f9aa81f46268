import { type Clock, type Timer, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { PlacedInstance } from "../placement.ts";
import { formatAddress } from "../transports/framed/address.ts";
import type { Discovery } from "./discovery.ts";
import type { DnsResolver, ResolvedAddress } from "./dns-resolver.ts";
import { KnownInstances } from "./instances.ts";

/** What to ask for: the addresses of a host that all listen on one port, or the records of a service (`_kerf._tcp.orders.internal`). */
export type DnsName = { readonly host: string; readonly port: number } | { readonly srv: string };

/** What discovery by names is made of. */
export interface DnsDiscoveryOptions {
  /** The name of each service. */
  readonly services: Readonly<Record<string, DnsName>>;
  /** Those that record their commands with their effects; DNS does not say. */
  readonly recordsCommands?: readonly string[] | undefined;
  readonly resolver: DnsResolver;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A name is asked for again once its answer is this old, whatever its TTL says, milliseconds: under the least a zone of TTL 0 would have us ask all the time (Envoy asks every 5 s). */
const leastMs = 5_000;
const mostMs = 60_000;
/** Pause after a failure, milliseconds; it doubles up to the longest of an answer. */
const retryMs = 1_000;
/** The longest pause for a service that nobody calls, milliseconds: it doubles each time. */
const idleMs = 600_000;
/** Share of a record of weight 0 beside the heaviest: RFC 2782 gives it a very small chance. */
const leastShare = 0.01;

interface Asked {
  readonly service: string;
  readonly name: DnsName;
  /** Whether somebody wanted it since it was last asked for. */
  wanted: boolean;
  pauseMs: number;
  failures: number;
  /** Monotonic milliseconds at which the answer was old. */
  dueAt: number;
  timer: Timer | undefined;
  asking: Promise<void> | undefined;
}

/**
 * Discovery by DNS: A records of a host, or SRV records with their targets' A records, of which the lowest priority counts. Answers are kept for their TTL within bounds and
 * asked for again in the background. While there is none, be it an outage or a name that is gone, the last good one stays: calls to what is really gone are
 * refused by its machine.
 */
export class DnsDiscovery implements Discovery {
  readonly #options: DnsDiscoveryOptions;
  readonly #known = new KnownInstances();
  readonly #asked = new Map<string, Asked>();
  readonly #records: ReadonlySet<string>;
  #stopped = false;

  constructor(options: DnsDiscoveryOptions) {
    this.#options = options;
    this.#records = new Set(options.recordsCommands);
    for (const [service, name] of Object.entries(options.services)) {
      this.#asked.set(service, {
        service,
        name,
        wanted: true,
        pauseMs: leastMs,
        failures: 0,
        dueAt: Number.NEGATIVE_INFINITY,
        timer: undefined,
        asking: undefined,
      });
    }
  }

  /** Asks for everything now; resolves when each has an answer or a failure, which is logged and tried again. */
  async refresh(): Promise<void> {
    await Promise.all([...this.#asked.values()].map((asked) => this.#ask(asked)));
  }

  instancesOf(service: string): readonly PlacedInstance[] {
    const asked = this.#asked.get(service);
    if (asked !== undefined && !asked.wanted) {
      asked.wanted = true;
      // Nobody wanted it for long: the answer may be older than it should be.
      if (asked.asking === undefined && this.#options.clock.now() >= asked.dueAt)
        void this.#ask(asked);
    }
    return this.#known.of(service);
  }

  recordsCommands(service: string): boolean {
    return this.#records.has(service);
  }

  onChange(listener: () => void): () => void {
    return this.#known.onChange(listener);
  }

  /** Asks for nothing any more. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#asked.values()) timer?.cancel();
  }

  #ask(asked: Asked): Promise<void> {
    asked.timer?.cancel();
    asked.timer = undefined;
    return (asked.asking ??= this.#resolve(asked).finally(() => (asked.asking = undefined)));
  }

  async #resolve(asked: Asked): Promise<void> {
    const { clock, log } = this.#options;
    const { service, wanted } = asked;
    asked.wanted = false;
    try {
      const { instances, ttl } = await this.#answer(asked.name);
      if (this.#stopped) return;
      if (asked.failures > 0) log.info(`The name of ${service} is resolved again.`);
      asked.failures = 0;
      this.#known.set(new Map([[service, instances]]));
      const freshMs = Math.min(mostMs, Math.max(leastMs, ttl * 1_000));
      asked.dueAt = clock.now() + freshMs;
      asked.pauseMs = wanted ? freshMs : Math.min(idleMs, Math.max(freshMs, 2 * asked.pauseMs));
    } catch (error) {
      if (this.#stopped) return;
      asked.failures++;
      asked.pauseMs = Math.min(mostMs, retryMs * 2 ** (asked.failures - 1));
      asked.dueAt = clock.now() + asked.pauseMs;
      if (asked.failures === 1) {
        const kept = this.#known.of(service).length;
        log.warn(`The name of ${service} cannot be resolved; the last ${kept} addresses stay.`, {
          error: toKerfError(error),
          cause: error,
        });
      }
    }
    asked.timer = clock.after(asked.pauseMs, () => void this.#ask(asked));
  }

  async #answer(name: DnsName): Promise<{ instances: PlacedInstance[]; ttl: number }> {
    const { resolver } = this.#options;
    if (!("srv" in name)) {
      const addresses = await resolver.addresses(name.host);
      return { instances: placed(addresses, name.port), ttl: shortest(addresses) };
    }
    const records = await resolver.services(name.srv);
    const first = Math.min(...records.map(({ priority }) => priority));
    const used = records.filter(({ priority }) => priority === first);
    const heaviest = Math.max(...used.map(({ weight }) => weight));
    const isEven = used.every(({ weight }) => weight === heaviest);
    // A target that cannot be resolved fails the whole: half of an answer is worse than the last good one.
    const targets = await Promise.all(
      used.map(async (record) => ({ ...record, addresses: await resolver.addresses(record.name) })),
    );
    return {
      instances: targets.flatMap(({ addresses, port, weight }) =>
        placed(addresses, port, isEven ? undefined : Math.max(leastShare, weight / heaviest)),
      ),
      ttl: Math.min(...targets.map(({ addresses }) => shortest(addresses))),
    };
  }
}

function placed(
  addresses: readonly ResolvedAddress[],
  port: number,
  weight?: number,
): PlacedInstance[] {
  return addresses.map(({ address: host }) => {
    const address = formatAddress({ kind: "tcp", host, port });
    return { id: address, address, state: "ready", ...(weight === undefined ? {} : { weight }) };
  });
}

function shortest(addresses: readonly ResolvedAddress[]): number {
  return Math.min(...addresses.map(({ ttl }) => ttl));
}
