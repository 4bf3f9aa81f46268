import type { Address, PlacedInstance } from "../placement.ts";
import type { Discovery } from "./discovery.ts";

const none: readonly PlacedInstance[] = [];

/** Discovery from a list that never changes: the platform itself, tests, tools. */
export class StaticDiscovery implements Discovery {
  readonly #instances = new Map<string, readonly PlacedInstance[]>();

  /** @param addresses where each service's instances listen */
  constructor(addresses: Readonly<Record<string, readonly Address[]>>) {
    for (const [service, list] of Object.entries(addresses)) {
      this.#instances.set(
        service,
        list.map((address) => ({ id: address, address, state: "ready" })),
      );
    }
  }

  instancesOf(service: string): readonly PlacedInstance[] {
    return this.#instances.get(service) ?? none;
  }

  recordsCommands(): boolean {
    return false;
  }

  onChange(): () => void {
    return () => {};
  }
}
