import type { PlacedInstance, Snapshot } from "../placement.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import type { Discovery } from "./discovery.ts";

const none: readonly PlacedInstance[] = [];

/** Discovery from the newest placement snapshot. */
export class SnapshotDiscovery implements Discovery {
  readonly #store: SnapshotStore;
  #from: Snapshot | undefined;
  // Per service, filled when asked for and dropped with the snapshot.
  readonly #ready = new Map<string, readonly PlacedInstance[]>();

  constructor(store: SnapshotStore) {
    this.#store = store;
  }

  instancesOf(service: string): readonly PlacedInstance[] {
    const snapshot = this.#store.current;
    if (snapshot === undefined) return none;
    if (snapshot !== this.#from) {
      this.#from = snapshot;
      this.#ready.clear();
    }
    let instances = this.#ready.get(service);
    if (instances === undefined) {
      const { instances: own, unit } = snapshot.services[service] ?? {};
      const placed = own ?? (unit === undefined ? undefined : snapshot.units[unit]?.instances);
      instances = placed?.filter((instance) => instance.state === "ready") ?? none;
      // A service that the snapshot does not know is not remembered: names come from callers.
      if (placed !== undefined) this.#ready.set(service, instances);
    }
    return instances;
  }

  sleeps(service: string): boolean {
    const snapshot = this.#store.current;
    // Names come from callers: what every object has is no service.
    if (snapshot === undefined || !Object.hasOwn(snapshot.services, service)) return false;
    return snapshot.units[snapshot.services[service]?.unit ?? ""]?.asleep === true;
  }

  recordsCommands(service: string): boolean {
    return this.#store.current?.services[service]?.recordsCommands === true;
  }

  onChange(listener: () => void): () => void {
    return this.#store.onChange(listener);
  }
}
