import type { Contract } from "./contract.ts";
import { KerfError } from "@kerf/kernel";

/** A contract of which its user calls some operations only. */
export type Only<C extends Contract<any, any, any>, Name extends keyof C["operations"]> =
  C extends Contract<infer ContractName, any, infer Evs>
    ? Contract<ContractName, Pick<C["operations"], Name>, Evs>
    : never;

/**
 * Narrows what a service `uses` to some operations: its client has no others, and whoever serves the contract refuses others in its name.
 * `uses: { inventory: only(inventory, "reserve", "release") }`; within `optional()` as well. Throws `invalid_contract`.
 */
export function only<
  const C extends Contract<any, any, any>,
  const Name extends keyof C["operations"] & string,
>(contract: C, ...operations: readonly [Name, ...Name[]]): Only<C, Name> {
  const unknown = operations.filter((name) => !Object.hasOwn(contract.operations, name));
  if (unknown.length > 0) {
    throw new KerfError("invalid_contract", {
      message: `${contract.name} has no operation ${unknown.join(", ")}.`,
      fix: `Give one of: ${Object.keys(contract.operations).join(", ")}`,
    });
  }
  const entries = Object.entries(contract.operations).filter(([name]) =>
    operations.includes(name as Name),
  );
  const narrowed = {
    ...contract,
    operations: Object.fromEntries(entries),
    only: entries.map(([name]) => name).toSorted(),
  };
  return narrowed as unknown as Only<C, Name>;
}
