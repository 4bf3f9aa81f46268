import type { InputOf, OutputOf, Schema } from "./schema.ts";
import type { Contract } from "./contract.ts";
import type { Operation } from "./operation.ts";

/** Answers to give for queries of a service that cannot be had now, by the operation's name. */
export type Fallbacks<C extends Contract<any, any, any>> = {
  readonly [
    Name in keyof C["operations"] as C["operations"][Name] extends Operation<
      "query",
      any,
      any,
      any,
      any
    >
      ? Name
      : never
  ]?: C["operations"][Name] extends Operation<
    "query",
    infer I extends Schema,
    infer O extends Schema,
    any,
    any
  >
    ? (input: InputOf<I>) => OutputOf<O> | Promise<OutputOf<O>>
    : never;
};

/** A contract that its user can live without: its failures are expected and answered by a fallback. */
export interface Optional<C extends Contract<any, any, any> = Contract> {
  readonly type: "optional";
  readonly contract: C;
  readonly fallback: Readonly<Record<string, ((input: never) => unknown) | undefined>>;
}

/**
 * Marks what a service `uses` as something that it can live without. With a `fallback` for a query its client answers with that when the
 * service cannot be had; without one, the client throws, and the handler decides.
 */
export function optional<const C extends Contract<any, any, any>>(
  contract: C,
  options: { fallback?: Fallbacks<C> } = {},
): Optional<C> {
  return {
    type: "optional",
    contract,
    fallback: (options.fallback ?? {}) as Optional<C>["fallback"],
  };
}
