import type { Address, PlacedInstance, Snapshot } from "../placement.ts";
import type { SnapshotStore } from "../snapshot/store.ts";
import type { Discovery } from "./discovery.ts";
import { type Search, type SearchParts, startSearch } from "./search.ts";
import { SnapshotDiscovery } from "./snapshot.ts";
import { unitAt } from "./unit-at.ts";

/** A unit that is looked for. */
interface Sought {
  /** What it is looked for by, as JSON. */
  readonly key: string;
  readonly search: Search;
}

/** Discovery from the newest placement snapshot; the instances of units that run elsewhere are looked for where it says. */
export class PlacedDiscovery implements Discovery {
  readonly #store: SnapshotStore;
  readonly #parts: SearchParts;
  readonly #snapshot: SnapshotDiscovery;
  readonly #listeners = new Set<() => void>();
  readonly #forget: () => void;
  /** By unit. */
  #sought: ReadonlyMap<string, Sought> = new Map();
  #stopped = false;

  constructor(store: SnapshotStore, parts: SearchParts) {
    this.#store = store;
    this.#parts = parts;
    this.#snapshot = new SnapshotDiscovery(store);
    this.#follow(store.current);
    this.#forget = store.onChange(() => {
      this.#follow(store.current);
      this.#tell();
    });
  }

  instancesOf(service: string): readonly PlacedInstance[] {
    // Names come from callers: what every object has is no service.
    const services = this.#store.current?.services ?? {};
    const unit = Object.hasOwn(services, service) ? services[service]?.unit : undefined;
    const sought = unit === undefined ? undefined : this.#sought.get(unit);
    return sought === undefined ? this.#snapshot.instancesOf(service) : sought.search.found();
  }

  sleeps(service: string): boolean {
    return this.#snapshot.sleeps(service);
  }

  recordsCommands(service: string): boolean {
    return this.#snapshot.recordsCommands(service);
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The unit that has an instance at `address`; whoever answers there must prove to be it. */
  unitAt(address: Address): string | undefined {
    for (const [unit, { search }] of this.#sought)
      if (search.found().some((instance) => instance.address === address)) return unit;
    return unitAt(this.#store.current, address);
  }

  /** Looks for nothing any more; what was found last stays. Idempotent. */
  stop(): void {
    this.#stopped = true;
    this.#forget();
    for (const { search } of this.#sought.values()) search.stop();
  }

  #follow(snapshot: Snapshot | undefined): void {
    if (this.#stopped) return;
    const sought = new Map<string, Sought>();
    for (const [unit, { discovery }] of Object.entries(snapshot?.units ?? {})) {
      if (discovery === undefined) continue;
      const key = JSON.stringify(discovery);
      const known = this.#sought.get(unit);
      if (known?.key === key) {
        sought.set(unit, known);
        continue;
      }
      const search = startSearch(unit, discovery, this.#parts);
      search.onChange(() => this.#tell());
      sought.set(unit, { key, search });
    }
    for (const [unit, before] of this.#sought)
      if (sought.get(unit) !== before) before.search.stop();
    this.#sought = sought;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
