import type { Address, SnapshotStore, Transport } from "@kerf/call";

/** Remembers how the last connection to each address went, for whoever asks without wanting to connect. */
export class Reachability {
  readonly #last = new Map<Address, Transport>();

  /** Addresses that a new placement does not name are forgotten. */
  constructor(store: SnapshotStore) {
    store.onChange(() => {
      const units = Object.values(store.current?.units ?? {});
      const known = new Set(
        units.flatMap(({ instances }) => instances.map(({ address }) => address)),
      );
      for (const address of this.#last.keys()) if (!known.has(address)) this.#last.delete(address);
    });
  }

  /** `connect`, noting what it makes. */
  watch(connect: (address: Address) => Transport): (address: Address) => Transport {
    return (address) => {
      const transport = connect(address);
      this.#last.set(address, transport);
      return transport;
    };
  }

  /** False when the last connection to the address broke; true as well for one that nobody tried. */
  mayReach(address: Address): boolean {
    return this.#last.get(address)?.usable ?? true;
  }
}
