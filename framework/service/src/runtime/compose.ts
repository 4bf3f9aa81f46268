import { canStandIn } from "@kerf/call";
import { CallContext, deadlineExceeded, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Compose, Composed, Part } from "../declaration/compose.ts";

type Clients = Readonly<Record<string, unknown>>;

/** {@link Compose} within one call: `clientsIn` binds clients to the shorter life of a part. */
export function composeIn(
  call: CallContext,
  clientsIn: (context: CallContext) => Clients,
  log: Logger,
): Compose<any> {
  return async <T extends object>(parts: {
    readonly [Name in keyof T]: Part<T[Name], any>;
  }): Promise<Composed<T>> => {
    const missing = new Set<string>();
    const contexts = new Set<CallContext>();
    const names = Object.keys(parts) as (keyof T & string)[];
    const get = async (name: keyof T & string): Promise<unknown> => {
      const { from, otherwise, withinMs } = parts[name];
      const context = partOf(call, withinMs);
      contexts.add(context);
      try {
        return await untilOver(context, () => from(clientsIn(context) as never, context));
      } catch (thrown) {
        const error = toKerfError(thrown);
        if (!canStandIn(error, call)) throw call.cancelled ?? error;
        log.in(call.trace).warn(`the part ${name} is missing from the answer`, {
          part: name,
          code: error.code,
          error,
        });
        missing.add(name);
        return otherwise;
      } finally {
        contexts.delete(context);
        context.release();
      }
    };
    try {
      const values = await Promise.all(names.map(async (name) => [name, await get(name)] as const));
      return {
        parts: Object.fromEntries(values) as T,
        degraded: names.filter((name) => missing.has(name)),
      };
    } catch (thrown) {
      // The answer is lost, so nobody waits for the other parts.
      const reason = toKerfError(thrown);
      for (const context of contexts) context.cancel(reason);
      throw reason;
    }
  };
}

/** The life of one part: the call's own, ended after `withinMs`. */
function partOf(call: CallContext, withinMs: number): CallContext {
  const { caller, clock, principal, principalToken, wheel } = call;
  return new CallContext({
    clock,
    wheel,
    deadline: Math.min(call.deadline, clock.now() + withinMs),
    trace: call.trace,
    caller,
    principal,
    principalToken,
    parent: call,
  });
}

/** What `work` gives, or the end of the context, whichever comes first: what a part does besides calls may know of no deadline. */
async function untilOver<T>(context: CallContext, work: () => Promise<T> | T): Promise<T> {
  const over = Promise.withResolvers<never>();
  const forget = context.onCancel(over.reject);
  try {
    const value = await Promise.race([over.promise, Promise.resolve().then(work)]);
    // The same moment ends a call within it, whose fallback may answer before anybody else hears of the end.
    if (context.remainingMs <= 0) throw deadlineExceeded("a part of an answer was made");
    return value;
  } finally {
    forget();
  }
}
