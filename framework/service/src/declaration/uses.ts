import type { Client, Contract, Optional } from "@kerf/contract";

/** The contracts that a service calls, by the name under which its handlers find their clients. */
export type Uses = Readonly<Record<string, Contract<any, any, any> | Optional<any>>>;

/** A client for each contract in `uses`. */
export type ClientsOf<U extends Uses> = {
  readonly [Name in keyof U]: Client<
    U[Name] extends Optional<infer C>
      ? C
      : U[Name] extends Contract<any, any, any>
        ? U[Name]
        : never
  >;
};

/** The contract behind a `uses` entry. */
export function contractOf(used: Contract<any, any, any> | Optional): Contract {
  return used.type === "optional" ? used.contract : used;
}
