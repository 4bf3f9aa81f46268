import type { Trace } from "@kerf/kernel";
import type { Hidden } from "@kerf/telemetry";
import type { BoundService } from "./bound-service.ts";
import { CallArgs } from "./call-args.ts";

type Handler = (args: unknown) => unknown;

/** Does work of a service where instrumentation finds its span, when anything asks for that. */
export function inScope<T>(
  bound: BoundService,
  trace: Trace,
  work: () => T,
  hidden: () => Hidden = () => bound.hidden,
): T {
  const { name: service, scope } = bound;
  return scope?.isUsed === true ? scope.run({ trace, service, hidden }, work) : work();
}

/** The same of a handler. Where there is nobody to ask it is the handler itself: what it costs then is nothing. */
export function handlerInScope(
  { name: service, scope }: BoundService,
  handler: Handler,
  isStream: boolean,
): Handler {
  if (scope === undefined) return handler;
  return (given) => {
    if (!scope.isUsed) return handler(given);
    const args = given as CallArgs;
    const place = { trace: args.context.trace, service, hidden: CallArgs.hiddenOf(args) };
    const run = <T>(work: () => T): T => scope.run(place, work);
    const made = run(() => handler(args));
    return isStream ? each(made as AsyncIterable<unknown>, run) : made;
  };
}

/** A generator runs where it is pulled, which is elsewhere. */
function each(items: AsyncIterable<unknown>, run: <T>(work: () => T) => T): AsyncIterable<unknown> {
  return {
    [Symbol.asyncIterator]() {
      const source = items[Symbol.asyncIterator]();
      return {
        next: () => run(() => source.next()),
        return: async (value?: unknown) =>
          (await run(() => source.return?.(value))) ?? { done: true, value },
      };
    },
  };
}
