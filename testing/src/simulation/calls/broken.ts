import { CallContext, KerfError } from "@kerf/kernel";
import type { Discovery, Dispatcher, Incoming, Request, Transport } from "@kerf/call";
import type { Variant } from "./variant.ts";

/** A call path with one thing broken on purpose, by what is broken: each must break a property. */
export const broken: Readonly<Record<string, Variant>> = {
  "retries are not counted": {
    fault: "condition",
    policies: { retryShare: Number.POSITIVE_INFINITY },
  },
  "one attempt too many": { fault: "condition", policies: { attempts: 6 } },
  "a breaker never probes": {
    fault: "condition",
    policies: { breakerOpenMs: Number.POSITIVE_INFINITY },
  },
  "a deadline does not shrink on its way": {
    dispatcher: servedIn(({ deadline }) => ({ deadline: deadline + 500 })),
  },
  "a key does not travel": { dispatcher: servedIn(() => ({ idempotencyKey: undefined })) },
  "nobody hears of a cancellation": {
    dispatcher: servedIn(() => ({ parent: undefined })),
  },
  "a command that nobody records is sent again": {
    discovery: (discovery) => other(discovery, { recordsCommands: () => true }),
  },
  "what was lost under way counts as not executed": {
    fault: "break",
    transport: (transport) =>
      other(transport, {
        call: (request: Request) =>
          transport.call(request).catch((error: KerfError) => {
            throw error.code === "connection_lost"
              ? new KerfError(error.code, { message: error.message, retry: "not-executed" })
              : error;
          }),
      }),
  },
  "a dead instance is asked for ever": {
    discovery: (discovery) => {
      const first = new Map<string, ReturnType<Discovery["instancesOf"]>>();
      return other(discovery, {
        instancesOf: (service: string) => {
          const known = first.get(service) ?? discovery.instancesOf(service);
          first.set(service, known);
          return known;
        },
      });
    },
  },
  "a broken connection is used again": {
    fault: "break",
    transport: (transport) =>
      new Proxy(transport, {
        get: (target, name) => {
          if (name === "usable") return true;
          if (name === "onUnusable") return () => undefined;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === "function" ? (value.bind(target) as unknown) : value;
        },
      }),
  },
  "an instance that was left out is never found well": {
    transport: (transport) =>
      other(transport, {
        probe: () => Promise.reject(new KerfError("unavailable", "It gave no sign of life.")),
      }),
  },
  "a stream that broke begins anew": {
    fault: "condition",
    transport: (transport) =>
      other(transport, { stream: (request: Request) => again(transport, request) }),
  },
};

/** The same with some of its methods replaced. */
function other<T extends object>(real: T, replaced: Partial<T>): T {
  return new Proxy(real, {
    get: (target, name) => {
      if (name in replaced) return Reflect.get(replaced, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** Serves calls in another context than the one that they came with. */
function servedIn(
  change: (context: CallContext) => Partial<ConstructorParameters<typeof CallContext>[0]>,
): (dispatcher: Dispatcher) => Dispatcher {
  return (dispatcher) => {
    const changed = (incoming: Incoming): Incoming => {
      const { context } = incoming;
      const { clock, wheel, deadline, trace, caller, idempotencyKey } = context;
      const fields = { clock, wheel, deadline, trace, caller, idempotencyKey };
      return { ...incoming, context: new CallContext({ ...fields, ...change(context) }) };
    };
    return {
      call: (incoming) => dispatcher.call(changed(incoming)),
      stream: (incoming) => dispatcher.stream(changed(incoming)),
    };
  };
}

/** Opens a stream once more when it breaks, from where it began the first time. */
async function* again(transport: Transport, request: Request): AsyncGenerator<unknown> {
  try {
    yield* { [Symbol.asyncIterator]: () => transport.stream(request) };
  } catch (error) {
    if (request.context.cancelled !== undefined || !transport.usable) throw error;
    yield* { [Symbol.asyncIterator]: () => transport.stream(request) };
  }
}
