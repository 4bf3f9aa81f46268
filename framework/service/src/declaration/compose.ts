import type { CallContext } from "@kerf/kernel";
import type { ClientsOf, Uses } from "./uses.ts";

/** One part of an answer that is put together from several services. */
export interface Part<T, U extends Uses> {
  /** Milliseconds that this part may take, all of its calls together; never longer than what the call itself has left. */
  readonly withinMs: number;
  /** Where it comes from: clients whose calls end when the part's time does. `context` says how much of it is left. */
  readonly from: (clients: ClientsOf<U>, context: CallContext) => Promise<T> | T;
  /** Stands in for it when it cannot be had in its time. */
  readonly otherwise: NoInfer<T>;
}

/** What was put together. */
export interface Composed<T> {
  readonly parts: T;
  /** The parts that `otherwise` stands in for, in the order in which they are declared. */
  readonly degraded: (keyof T & string)[];
}

/**
 * Gets all parts of an answer at once, each within its own time. A part that cannot be had takes nothing else with it: it is
 * replaced by its `otherwise`, named in `degraded`, and the reason is logged. What waiting cannot mend is thrown: declared errors
 * (take them with `safe()` inside of the part), mistakes in the call itself, and the end of the call that all parts belong to.
 */
export type Compose<U extends Uses> = <T extends object>(parts: {
  readonly [Name in keyof T]: Part<T[Name], U>;
}) => Promise<Composed<T>>;
