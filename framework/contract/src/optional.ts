import type { Contract } from "./contract.ts";

/** A contract that its user can live without: its failures are expected and answered by a fallback. */
export interface Optional<C extends Contract<any, any, any> = Contract> {
  readonly type: "optional";
  readonly contract: C;
}

/** Marks what a service `uses` as something that it can live without. */
export function optional<const C extends Contract<any, any, any>>(contract: C): Optional<C> {
  return { type: "optional", contract };
}
