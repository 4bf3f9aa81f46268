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

/** One entry of `uses`. */
export interface Use {
  /** Name under which handlers find the client. */
  readonly key: string;
  readonly contract: Contract;
  /** Whether the service can live without it. */
  readonly optional: boolean;
  /** Answers for its queries when it cannot be had. */
  readonly fallback: Optional["fallback"];
}

/** The entries of `uses`. */
export function usesOf(service: { readonly uses: Uses }): Use[] {
  return Object.entries(service.uses).map(([key, used]) =>
    used.type === "optional"
      ? {
          key,
          contract: (used as Optional).contract,
          optional: true,
          fallback: (used as Optional).fallback,
        }
      : { key, contract: used as Contract, optional: false, fallback: {} },
  );
}
