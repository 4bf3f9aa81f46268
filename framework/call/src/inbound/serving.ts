import { type CallContext, KerfError } from "@kerf/kernel";
import type { InboundOperation } from "./operation.ts";
import type { Incoming } from "../transport.ts";

/** A call or stream as it arrived: what the positions of the inbound pipeline read and write. */
export interface Serving {
  readonly operation: InboundOperation;
  readonly incoming: Incoming;
  /** The context that the handler gets. */
  context: CallContext;
  /** True when it came over a wire; false when the caller is in this process. */
  readonly remote: boolean;
  /** When it began, monotonic milliseconds; undefined when it is not measured. From a wire: counted among the calls that are served at once. */
  enteredAt: number | undefined;
}

/** The error of a call that reached an instance that does not take calls any more. */
export function notHere(service: string): KerfError {
  return new KerfError("not_here", {
    message: `This instance does not serve ${service} any more; the call was not executed.`,
    why: "It is draining.",
    fix: "Send it to another instance.",
  });
}
