import {
  CallContext,
  type Clock,
  defaultDeadlineMs,
  type Principal,
  type TimerWheel,
  type Trace,
} from "@kerf/kernel";
import { timeFor } from "./policies/deadline.ts";

/** The context of a call that is part of no other: a request at the gateway, a run of a worker, a test. */
export function rootContext(options: {
  clock: Clock;
  wheel: TimerWheel;
  /** A service's name, `gateway:NAME`, `platform`, `operator` or `client`. */
  caller: string;
  /** Milliseconds from now; default 15 000, infinite for none. */
  deadlineMs?: number | undefined;
  trace?: Trace | undefined;
  principal?: Principal | undefined;
  principalToken?: string | undefined;
  idempotencyKey?: string | undefined;
}): CallContext {
  const { clock, wheel, deadlineMs = defaultDeadlineMs } = options;
  return new CallContext({
    clock,
    wheel,
    deadline: timeFor(deadlineMs, wheel, clock) + deadlineMs,
    trace: options.trace,
    caller: options.caller,
    principal: options.principal,
    principalToken: options.principalToken,
    idempotencyKey: options.idempotencyKey,
  });
}
