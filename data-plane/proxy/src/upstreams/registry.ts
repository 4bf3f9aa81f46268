import type { UpstreamSettings } from "@kerf/service";
import { FoundAddresses } from "./found-addresses.ts";
import { Instance } from "./instance.ts";
import { readTls, type TlsFiles } from "./tls.ts";
import { UnitTls } from "./unit-tls.ts";
import {
  connectionSettings,
  ForeignUpstream,
  type TrafficParts,
  type UpstreamPlaces,
} from "./upstream.ts";

/** The upstreams of one configuration, by name. */
export type Upstreams = ReadonlyMap<string, ForeignUpstream>;

/**
 * The upstreams of a gateway over all of its configurations: one whose settings did not change stays as it is, with what is known
 * of its instances, and one whose settings did keeps the connections to those that stay.
 */
export class UpstreamRegistry {
  readonly #parts: TrafficParts;
  #current: Upstreams = new Map();
  #instances: ReadonlyMap<string, Instance> = new Map();
  readonly #found: FoundAddresses;
  /** What each upstream connects with: read once, when it is made. */
  readonly #tls = new WeakMap<ForeignUpstream, TlsFiles>();

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    this.#found = new FoundAddresses(parts, () => this.#follow());
  }

  /** Makes the upstreams of a configuration; nothing runs yet, and nothing ends. @throws KerfError for files that cannot be read */
  prepare(settings: Readonly<Record<string, UpstreamSettings>> = {}): Upstreams {
    const upstreams = new Map<string, ForeignUpstream>();
    const instances = new Map(this.#instances);
    for (const [name, one] of Object.entries(settings)) {
      const known = this.#current.get(name);
      const isSame = known !== undefined && JSON.stringify(known.settings) === JSON.stringify(one);
      upstreams.set(name, isSame ? known : this.#make(name, one, instances));
    }
    return upstreams;
  }

  /** From now on these are used; what only others used ends, each connection with its last request. */
  use(upstreams: Upstreams): void {
    for (const upstream of upstreams.values()) upstream.start();
    for (const upstream of this.#current.values())
      if (upstreams.get(upstream.name) !== upstream) upstream.stop();
    this.#current = upstreams;
    this.#found.use([...upstreams.values()].flatMap(({ settings }) => settings.discovery ?? []));
    this.#follow();
  }

  /** Ends what is looked for; requests are over. */
  stop(): void {
    this.#found.use([]);
  }

  /** Upstreams that are looked for get what was found; what nobody uses any more ends, each connection with its last request. */
  #follow(): void {
    const known = new Map(this.#instances);
    const instances = new Map<string, Instance>();
    for (const upstream of this.#current.values()) {
      if (upstream.settings.discovery !== undefined) {
        upstream.replace(this.#place(upstream.settings, this.#tls.get(upstream), known));
      }
      for (const instance of upstream.instances.values()) instances.set(keyOf(instance), instance);
    }
    for (const [key, instance] of this.#instances)
      if (instances.get(key) !== instance) instance.retire();
    this.#instances = instances;
  }

  /** @param known instances that are shared, also with other upstreams; new ones are added */
  #make(name: string, settings: UpstreamSettings, known: Map<string, Instance>): ForeignUpstream {
    const tls = this.#tlsOf(name, settings);
    const places = this.#place(settings, tls, known);
    const upstream = new ForeignUpstream(name, settings, places, this.#parts);
    if (tls !== undefined) this.#tls.set(upstream, tls);
    return upstream;
  }

  #tlsOf(name: string, { tls }: UpstreamSettings): TlsFiles | undefined {
    if (tls?.unit !== undefined) return new UnitTls(tls.unit, this.#parts.identity);
    return tls === undefined ? undefined : readTls(name, tls);
  }

  #place(
    settings: UpstreamSettings,
    tls: TlsFiles | undefined,
    known: Map<string, Instance>,
  ): UpstreamPlaces {
    const { discovery, urls = [] } = settings;
    const connection = connectionSettings(settings);
    const instances = new Map<string, Instance>();
    const weights = new Map<string, number>();
    const found =
      discovery === undefined
        ? urls.map((url, index) => ({ url, weight: settings.weights?.[index] }))
        : this.#found.of(discovery);
    for (const { url, weight } of found) {
      const key = keyOf({ url, settings: connection, tls });
      const instance = known.get(key) ?? new Instance(url, connection, tls, this.#parts.clock);
      known.set(key, instance);
      instances.set(url, instance);
      if (weight !== undefined) weights.set(url, weight);
    }
    if (discovery === undefined) return { instances, weights };
    return { instances, weights, wanted: () => this.#found.wanted(discovery) };
  }
}

function keyOf({ url, settings, tls }: Pick<Instance, "settings" | "tls" | "url">): string {
  return JSON.stringify([url, settings, tls]);
}
