import {
  CallContext,
  type Clock,
  defaultDeadlineMs,
  type Principal,
  type TimerWheel,
  type Trace,
} from "@kerf/kernel";

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
  return new CallContext({
    clock: options.clock,
    wheel: options.wheel,
    deadline: options.wheel.now + (options.deadlineMs ?? defaultDeadlineMs),
    trace: options.trace,
    caller: options.caller,
    principal: options.principal,
    principalToken: options.principalToken,
    idempotencyKey: options.idempotencyKey,
  });
}
