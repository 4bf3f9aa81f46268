import { Resolver } from "node:dns/promises";

/** One address of a name. */
export interface ResolvedAddress {
  readonly address: string;
  /** How long it may be kept, seconds. */
  readonly ttl: number;
}

/** One record of a service. */
export interface ResolvedService {
  readonly name: string;
  readonly port: number;
  /** Lower ones are used first. */
  readonly priority: number;
  readonly weight: number;
}

/** Asks a name server. Rejects when there is no answer, or when the name has no such record. */
export interface DnsResolver {
  addresses(name: string): Promise<readonly ResolvedAddress[]>;
  services(name: string): Promise<readonly ResolvedService[]>;
}

/** Milliseconds until a query is sent again, and how often in all; c-ares waits for twice as long each time. */
const timeoutMs = 1_000;
const tries = 2;

/** The name servers of this machine, or those given as `host:port`. */
export function systemResolver(servers?: readonly string[]): DnsResolver {
  const resolver = new Resolver({ timeout: timeoutMs, tries });
  if (servers !== undefined) resolver.setServers(servers);
  return {
    addresses: (name) => resolver.resolve4(name, { ttl: true }),
    services: (name) => resolver.resolveSrv(name),
  };
}
