import { type Clock, KerfError, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { PlacedInstance } from "../placement.ts";
import type { Discovery } from "./discovery.ts";
import { DnsDiscovery } from "./dns.ts";
import { systemResolver } from "./dns-resolver.ts";
import { KubernetesDiscovery } from "./kubernetes.ts";
import { inCluster } from "./kubernetes-api.ts";
import type { DiscoverySettings } from "./settings.ts";
import { StaticDiscovery } from "./static.ts";

/** What searches are made of. */
export interface SearchParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** Instances that are looked for, for as long as it runs. */
export interface Search {
  /** What was found last; the same array for as long as nothing changes. */
  found(): readonly PlacedInstance[];
  /** Calls `listener` after every change. */
  onChange(listener: () => void): void;
  stop(): void;
}

/** Begins to look for the instances of `name`, which logs name it by. */
export function startSearch(
  name: string,
  settings: DiscoverySettings,
  { clock, log, random }: SearchParts,
): Search {
  const { addresses, dns, srv, kubernetes, servers } = settings;
  if (addresses !== undefined) {
    const places = addresses.map((address) => `tcp:${address}`);
    return searchOf(name, new StaticDiscovery({ [name]: places }), () => {});
  }
  if (kubernetes !== undefined) {
    const { api = inCluster, namespace, service, port } = kubernetes;
    const services = { [name]: { name: service, port } };
    const discovery = new KubernetesDiscovery({ api, namespace, services, clock, random, log });
    void discovery.start(); // Never rejects: it goes on trying.
    return searchOf(name, discovery, () => void discovery.stop());
  }
  const wanted = srv === undefined ? dns : { srv };
  if (wanted === undefined) {
    throw new KerfError("invalid_configuration", {
      message: `Nothing says where ${name} is found.`,
      fix: "Name one of dns, srv, kubernetes and addresses.",
    });
  }
  const resolver = systemResolver(servers);
  const discovery = new DnsDiscovery({ services: { [name]: wanted }, resolver, clock, log });
  void discovery.refresh(); // Never rejects: it goes on trying.
  return searchOf(name, discovery, () => discovery.stop());
}

function searchOf(name: string, discovery: Discovery, stop: () => void): Search {
  return {
    found: () => discovery.instancesOf(name),
    onChange: (listener) => void discovery.onChange(listener),
    stop,
  };
}
