import { type Caller, rootContext } from "@kerf/call";
import type { CallOptions, Client, Contract, Operation, StreamCall } from "@kerf/contract";
import { type CallContext, type Clock, KerfError, type TimerWheel } from "@kerf/kernel";
import type { CapturedLog } from "./captured-log.ts";
import type { Problems } from "./problems.ts";

/** What test clients call with. */
export interface TestClientParts {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly problems: Problems;
  readonly log: CapturedLog;
}

/** Who calls, in the eyes of the services. */
export const testCaller = "test";

type AnyCall = (input: unknown, options?: CallOptions) => unknown;

/**
 * A client for tests. Every call is one of its own, as from outside; it rejects with what is wrong in a fake rather than with
 * what the service made of it, and an `internal` error has what the service logged as its cause.
 */
export function testClient<C extends Contract<any, any, any>>(
  contract: C,
  parts: TestClientParts,
  identity: Pick<CallContext, "principal" | "principalToken"> | undefined,
): Client<C> {
  const { caller, clock, wheel } = parts;
  const bind = caller.bind(contract, { caller: testCaller });
  const operations: Record<string, AnyCall> = {};
  for (const [name, { kind }] of Object.entries(contract.operations as Record<string, Operation>)) {
    operations[name] = (input, options) => {
      // The operation's own deadline is what bounds the call.
      const deadlineMs = Number.POSITIVE_INFINITY;
      const context = rootContext({ clock, wheel, caller: testCaller, deadlineMs, ...identity });
      const client = bind(context) as Record<string, AnyCall>;
      const call = client[name]?.(input, options);
      const { traceId } = context.trace;
      return kind === "stream"
        ? explainedStream(call as StreamCall<unknown, unknown>, parts, traceId)
        : parts.problems.before(explained(call as Promise<unknown>, parts, traceId));
    };
  }
  return operations as unknown as Client<C>;
}

async function explained(
  call: Promise<unknown>,
  parts: TestClientParts,
  traceId: string,
): Promise<unknown> {
  try {
    return await call;
  } catch (thrown) {
    throw withCause(thrown, parts, traceId);
  }
}

function explainedStream(
  call: StreamCall<unknown, unknown>,
  parts: TestClientParts,
  traceId: string,
): StreamCall<unknown, unknown> {
  async function* items(): AsyncGenerator<unknown> {
    try {
      yield* call;
    } catch (thrown) {
      await parts.problems.before(Promise.reject(withCause(thrown, parts, traceId)));
    }
    parts.problems.raise();
  }
  const iterator = items();
  return { [Symbol.asyncIterator]: () => iterator, cancel: () => call.cancel() };
}

/** Callers are told nothing of a failure; whoever tests the service wants to see it. */
function withCause(thrown: unknown, parts: TestClientParts, traceId: string): unknown {
  if (!(thrown instanceof KerfError) || thrown.declared || thrown.cause !== undefined)
    return thrown;
  const failure = parts.log.failureIn(traceId);
  if (failure !== undefined) {
    const cause = new Error(failure.split("\n", 1)[0]);
    cause.stack = failure;
    thrown.cause = cause;
  }
  return thrown;
}
