import type { UpstreamSettings } from "@kerf/service";
import { Instance } from "./instance.ts";
import { readTls } from "./tls.ts";
import { connectionSettings, ForeignUpstream, type TrafficParts } from "./upstream.ts";

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

  constructor(parts: TrafficParts) {
    this.#parts = parts;
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
    const instances = new Map<string, Instance>();
    for (const upstream of upstreams.values()) {
      for (const instance of upstream.instances.values()) instances.set(keyOf(instance), instance);
      upstream.start();
    }
    for (const upstream of this.#current.values())
      if (upstreams.get(upstream.name) !== upstream) upstream.stop();
    for (const [key, instance] of this.#instances)
      if (instances.get(key) !== instance) instance.retire();
    this.#current = upstreams;
    this.#instances = instances;
  }

  /** @param known instances that are shared, also with other upstreams; new ones are added */
  #make(name: string, settings: UpstreamSettings, known: Map<string, Instance>): ForeignUpstream {
    const tls = settings.tls === undefined ? undefined : readTls(name, settings.tls);
    const connection = connectionSettings(settings);
    const instances = new Map<string, Instance>();
    for (const url of settings.urls) {
      const key = keyOf({ url, settings: connection, tls });
      const instance = known.get(key) ?? new Instance(url, connection, tls, this.#parts.clock);
      known.set(key, instance);
      instances.set(url, instance);
    }
    return new ForeignUpstream(name, settings, instances, this.#parts);
  }
}

function keyOf({ url, settings, tls }: Pick<Instance, "settings" | "tls" | "url">): string {
  return JSON.stringify([url, settings, tls]);
}
