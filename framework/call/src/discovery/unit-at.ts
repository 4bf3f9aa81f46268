import type { Address, Snapshot } from "../placement.ts";

/** The unit that has an instance at `address`; undefined when the placement has none there. */
export function unitAt(snapshot: Snapshot | undefined, address: Address): string | undefined {
  for (const [unit, { instances }] of Object.entries(snapshot?.units ?? {})) {
    if (instances.some((instance) => instance.address === address)) return unit;
  }
  return undefined;
}
