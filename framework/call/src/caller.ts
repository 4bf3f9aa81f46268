import type { Client, Contract, OperationKind } from "@kerf/contract";
import {
  type CallContext,
  type Clock,
  type Random,
  type TimerWheel,
  toKerfError,
} from "@kerf/kernel";
import type { Logger, Metrics, Recorder } from "@kerf/telemetry";
import { Balancer } from "./balancing/balancer.ts";
import { TransportPool } from "./balancing/transport-pool.ts";
import { compileStub, type Send, type SendOptions } from "./outgoing/client-stub.ts";
import type { Discovery } from "./discovery/discovery.ts";
import type { LocalOperation, LocalServices } from "./local-services.ts";
import { HeldCalls, type Wake } from "./outgoing/held-calls.ts";
import { OutgoingCall } from "./outgoing/call.ts";
import { OutgoingStream } from "./outgoing/stream.ts";
import { compilePipeline } from "./outgoing/compiled-pipeline.ts";
import type { Address } from "./placement.ts";
import type { BreakerState } from "./policies/circuit-breaker.ts";
import type { PolicyDefaults } from "./policies/defaults.ts";
import {
  numbersOf,
  operationSettings,
  type Policies,
  queryPoliciesOf,
  serviceSettings,
  type Tuned,
} from "./policies/settings.ts";
import { type Fallback, withFallback } from "./policies/fallback.ts";
import { LatencyQuantile } from "./policies/latency-quantile.ts";
import { QueryCache } from "./policies/query-cache.ts";
import { isPlatforms } from "./may-call.ts";
import { CallMetrics } from "./outgoing/call-metrics.ts";
import { CallSpans } from "./outgoing/call-spans.ts";
import type { Target } from "./outgoing/target.ts";
import { throughCodec } from "./transports/in-process.ts";
import type { Transport } from "./transport.ts";
import { Upstream } from "./outgoing/upstream.ts";

/** Most operations that one program sends untyped calls to; more are a caller that invents names. */
const maxSends = 100_000;

/** What the client's half is assembled from. */
export interface CallerOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly discovery: Discovery;
  /** Makes a transport to an address; it connects when first used. */
  readonly connect: (address: Address) => Transport;
  /** Tells the platform that a service which sleeps is called; see {@link HeldCalls}. Without it such calls are refused. */
  readonly wake?: Wake | undefined;
  /** The services of this process: called without leaving it. */
  readonly local?: LocalServices | undefined;
  /** Adds the codec and freezing to every call. */
  readonly checked: boolean;
  /** What the app sets. */
  readonly policies?: Policies | undefined;
  /** Takes the spans of calls and their attempts; without it none are made. */
  readonly recorder?: Recorder | undefined;
  /** Counts and times what is called in other programs; without it nothing is. */
  readonly metrics?: Metrics | undefined;
}

/** One call in terms of names: for gateways and tools that know contracts as data. */
export interface UntypedCall {
  readonly service: string;
  readonly operation: string;
  readonly kind: OperationKind;
  /** A JSON value, or RawJson. */
  readonly input: unknown;
  readonly context: CallContext;
  /** Of a stream: resume after this cursor. */
  readonly after?: string | undefined;
  /** Of a command: the key under which it may be repeated; one is made when there is none. */
  readonly idempotencyKey?: string | undefined;
  /** Of a query: told how its answer is kept, when it is. */
  readonly kept?: SendOptions["kept"];
  /** The answer may come as RawJson, where it crosses a wire: for those who only pass it on. */
  readonly raw?: boolean | undefined;
  /** What its contract says of its policies. */
  readonly tuned?: Tuned | undefined;
}

function tuningOf(tuned: Tuned | undefined): string {
  return tuned === undefined ? "" : JSON.stringify([tuned.attempts, tuned.policies]);
}

/** A call's function as it was found for the last call that was tuned by the same object, so that no key has to be put together. */
interface LastSend {
  readonly caller: string;
  readonly service: string;
  readonly operation: string;
  readonly send: Send;
}

/** The client's half of the call path: makes typed clients and sends their calls, near or far. */
export class Caller {
  readonly #options: CallerOptions;
  readonly #pool: TransportPool;
  readonly #balancers = new Map<string, Balancer>();
  readonly #upstreams = new Map<string, Upstream>();
  readonly #sends = new Map<string, Send>();
  readonly #lastSends = new WeakMap<Tuned, LastSend>();
  readonly #held: HeldCalls | undefined;
  readonly #forgetDiscovery: () => void;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.#pool = new TransportPool(options.connect, options.clock);
    const { clock, discovery, wake } = options;
    this.#held = wake && new HeldCalls({ clock, discovery, wake });
    this.#forgetDiscovery = options.discovery.onChange(() => this.#pool.retain(this.#addresses()));
  }

  /**
   * Compiles typed clients of `contract` for one calling service. The function it returns makes the client of one
   * context; it is cheap enough for every call. `caller`: a service's name, `gateway:NAME`, `platform` or `operator`.
   * `optional`: the caller can do without, so that its outage is no warning.
   */
  bind<C extends Contract<any, any, any>>(
    contract: C,
    options: {
      caller: string;
      optional?: boolean;
      /** Answers to give for its queries when it cannot be had, by the operation's name. */
      fallback?: Readonly<Record<string, Fallback | undefined>>;
    },
  ): (context: CallContext) => Client<C> {
    return compileStub(contract, (operation) => {
      const declared = (contract as Contract).operations[
        operation
      ] as Contract["operations"][string];
      if (options.optional !== true) this.#upstream(contract.name).needed = true;
      const send = this.#compile(
        options.caller,
        contract.name,
        operation,
        declared.kind,
        undefined,
        declared,
      );
      const fallback = options.fallback?.[operation];
      if (fallback === undefined) return send;
      const name = `${contract.name}.${operation}`;
      return withFallback(send, fallback, { name, log: this.#options.log });
    });
  }

  /** Sends one call by name: a promise for a query or command, an async iterator for a stream. The context's caller calls, by its deadline. */
  send(call: UntypedCall): Promise<unknown> | AsyncIterableIterator<unknown> {
    const { context, after, idempotencyKey, kept, raw } = call;
    const send = this.#sendOf(call);
    const options =
      after === undefined && idempotencyKey === undefined && kept === undefined && raw !== true
        ? undefined
        : {
            ...(after === undefined ? undefined : { after }),
            ...(idempotencyKey === undefined ? undefined : { idempotencyKey }),
            kept,
            raw,
          };
    return send(context, call.input, options) as Promise<unknown> | AsyncIterableIterator<unknown>;
  }

  #sendOf({ context, service, operation, kind, tuned }: UntypedCall): Send {
    const { caller } = context;
    const last = tuned && this.#lastSends.get(tuned);
    if (
      last !== undefined &&
      last.caller === caller &&
      last.service === service &&
      last.operation === operation
    )
      return last.send;
    // What a contract says of its policies is part of which operation it is: another version may say something else.
    const key = `${caller} ${service}.${operation} ${kind} ${tuningOf(tuned)}`;
    let send = this.#sends.get(key);
    if (send === undefined) {
      if (this.#sends.size >= maxSends) this.#sends.clear();
      this.#upstream(service).needed = true;
      // Its context is made for this one call, with the deadline that the contract names.
      send = this.#compile(caller, service, operation, kind, Number.POSITIVE_INFINITY, tuned ?? {});
      this.#sends.set(key, send);
    }
    if (tuned !== undefined) this.#lastSends.set(tuned, { caller, service, operation, send });
    return send;
  }

  /** How it stands with each service that it has called: calls under way that hold a place, and what its breaker does. */
  upstreams(): { service: string; inFlight: number; breaker: BreakerState }[] {
    return [...this.#upstreams.values()].map(({ service, bulkhead, breaker }) => ({
      service,
      inFlight: bulkhead.inFlight,
      breaker: breaker.state,
    }));
  }

  /** Calls nobody any more; calls under way to other programs are lost, so stop after the drain. */
  stop(): Promise<void> {
    this.#forgetDiscovery();
    this.#held?.stop();
    this.#pool.close();
    return Promise.resolve();
  }

  #compile(
    caller: string,
    service: string,
    operation: string,
    kind: OperationKind,
    deadlineMs: number | undefined,
    declared: Tuned,
  ): Send {
    const target = this.#target(caller, service, operation, kind, deadlineMs, declared);
    const pipeline = compilePipeline(target);
    if (kind === "stream")
      return (context, input, options) =>
        new OutgoingStream(pipeline, target, context, input, options);
    const send: Send = (context, input, options) =>
      new OutgoingCall(pipeline, target, context, input, options).start();
    if (!QueryCache.isWanted(target.settings)) return send;
    return new QueryCache(target.settings, target.deadlineMs, target.clock).wrap(send);
  }

  #target(
    caller: string,
    service: string,
    operation: string,
    kind: OperationKind,
    deadlineMs: number | undefined,
    declared: Tuned,
  ): Target {
    const { local, checked, discovery, random, clock, metrics, recorder } = this.#options;
    const settings = operationSettings(this.#options.policies, service, operation, declared);
    const policies = numbersOf(settings);
    const near = local?.has(service) === true ? findLocal(local, service, operation) : undefined;
    return {
      caller,
      service,
      operation,
      name: `${service}.${operation}`,
      kind,
      deadlineMs: deadlineMs ?? this.#deadlineOf(service, operation, kind, declared),
      policies,
      settings: queryPoliciesOf(settings),
      upstream: this.#upstream(service),
      latency: new LatencyQuantile(),
      recorded: near === undefined ? () => discovery.recordsCommands(service) : () => near.recorded,
      local: near !== undefined && checked ? throughCodec(near) : near,
      balancer: this.#balancer(service),
      pool: this.#pool,
      held: this.#held,
      random,
      clock,
      checked,
      spans: recorder && new CallSpans(recorder, caller, service, operation),
      // In one process the callee's say all of it; the platform's own readers wait for news.
      metrics:
        metrics === undefined || near !== undefined || isPlatforms(operation)
          ? undefined
          : new CallMetrics(metrics, clock, caller, service, operation),
    };
  }

  /** Where the services are that this program has called so far. */
  #addresses(): Set<Address> {
    const addresses = new Set<Address>();
    for (const service of this.#upstreams.keys()) {
      for (const { address } of this.#options.discovery.instancesOf(service))
        addresses.add(address);
    }
    return addresses;
  }

  #balancer(service: string): Balancer {
    let balancer = this.#balancers.get(service);
    if (balancer === undefined) {
      const { clock, discovery, log, random } = this.#options;
      balancer = new Balancer({
        service,
        discovery,
        pool: this.#pool,
        policies: this.#numbersOf(service),
        random,
        clock,
        onEjection: ({ id }, isEjected) =>
          isEjected
            ? log.warn(`An instance of ${service} is left out: its calls fail.`, { instance: id })
            : log.info(`An instance of ${service} is asked again.`, { instance: id }),
      });
      this.#balancers.set(service, balancer);
    }
    return balancer;
  }

  /** A stream goes on for as long as both sides want: it has a deadline only if someone sets one for it. */
  #deadlineOf(service: string, operation: string, kind: OperationKind, declared: Tuned): number {
    const { policies } = this.#options;
    if (kind !== "stream")
      return numbersOf(operationSettings(policies, service, operation, declared)).deadlineMs;
    const own = { ...policies, "*": {} };
    return operationSettings(own, service, operation, declared).deadlineMs ?? Infinity;
  }

  #numbersOf(service: string): PolicyDefaults {
    return numbersOf(serviceSettings(this.#options.policies, service));
  }

  #upstream(service: string): Upstream {
    let upstream = this.#upstreams.get(service);
    if (upstream === undefined) {
      upstream = new Upstream(
        service,
        this.#numbersOf(service),
        this.#options.log,
        this.#options.random,
      );
      this.#upstreams.set(service, upstream);
    }
    return upstream;
  }
}

/** The operation, or one that refuses every call, so that a client's method never throws where a promise is expected. */
function findLocal(local: LocalServices, service: string, operation: string): LocalOperation {
  try {
    return local.find(service, operation);
  } catch (thrown) {
    const error = toKerfError(thrown);
    return {
      recorded: false,
      serve: (_incoming, reply) => reply.refused(error),
      // oxlint-disable-next-line require-yield
      async *open() {
        throw error;
      },
    };
  }
}
