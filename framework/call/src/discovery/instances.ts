import type { PlacedInstance } from "../placement.ts";

const none: readonly PlacedInstance[] = [];

/** What is known of where services run, for those that learn it piece by piece: it tells of changes, and of changes only. */
export class KnownInstances {
  readonly #instances = new Map<string, readonly PlacedInstance[]>();
  readonly #listeners = new Set<() => void>();

  /** The same array for as long as nothing changes. */
  of(service: string): readonly PlacedInstance[] {
    return this.#instances.get(service) ?? none;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes over what is known now of these services. */
  set(known: ReadonlyMap<string, readonly PlacedInstance[]>): void {
    let changed = false;
    for (const [service, instances] of known) {
      // Whoever answers may answer in another order each time.
      const sorted = instances.toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
      if (isSame(sorted, this.of(service))) continue;
      this.#instances.set(service, sorted);
      changed = true;
    }
    if (changed) for (const listener of this.#listeners) listener();
  }
}

function isSame(one: readonly PlacedInstance[], other: readonly PlacedInstance[]): boolean {
  return (
    one.length === other.length &&
    one.every((instance, index) => {
      const { id, address, state, weight } = other[index] as PlacedInstance;
      return (
        instance.id === id &&
        instance.address === address &&
        instance.state === state &&
        instance.weight === weight
      );
    })
  );
}
