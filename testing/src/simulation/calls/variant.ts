import type { Discovery, Dispatcher, PolicyDefaults, Transport } from "@kerf/call";
import type { FaultKind } from "./faults.ts";

/** What is done otherwise than the call path does it, on purpose; empty for the call path as it is. */
export interface Variant {
  /** The one kind of fault there is, where chance alone would seldom find what is broken. */
  readonly fault?: FaultKind;
  /** In place of those that were drawn; what is checked stays with these. */
  readonly policies?: Partial<PolicyDefaults>;
  /** The way to an instance, seen through something broken. */
  readonly transport?: (transport: Transport) => Transport;
  /** The callee's half, seen through something broken. */
  readonly dispatcher?: (dispatcher: Dispatcher) => Dispatcher;
  /** What is known of where services run, seen through something broken. */
  readonly discovery?: (discovery: Discovery) => Discovery;
}
