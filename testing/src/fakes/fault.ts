import { type CallContext, type Clock, delay, type KerfError } from "@kerf/kernel";

/** What goes wrong with the calls of a faked operation. */
export type Fault =
  | { readonly kind: "fail"; readonly error: KerfError; left: number }
  | { readonly kind: "delay"; readonly ms: number; left: number }
  | { readonly kind: "hang"; left: number };

/** Lets a call meet a fault: throws, waits by the test's clock, or waits until the caller's time is over. */
export async function meet(fault: Fault, context: CallContext, clock: Clock): Promise<void> {
  switch (fault.kind) {
    case "fail":
      throw fault.error;
    case "delay":
      return delay(clock, fault.ms, context.signal);
    case "hang":
      return new Promise((_resolve, reject) => context.onCancel(reject));
  }
}
