import type { Address, PlacedDiscovery, Transport } from "@kerf/call";

/** Remembers how the last connection to each address went, for whoever asks without wanting to connect. */
export class Reachability {
  readonly #last = new Map<Address, Transport>();

  /** Addresses where no unit is any more are forgotten. */
  constructor(discovery: Pick<PlacedDiscovery, "onChange" | "unitAt">) {
    discovery.onChange(() => {
      for (const address of this.#last.keys())
        if (discovery.unitAt(address) === undefined) this.#last.delete(address);
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
