import { type Clock, KerfError, type TimerWheel } from "@kerf/kernel";
import type { Logger, Metrics, Recorder } from "@kerf/telemetry";
import { InboundOperation, type OperationCounters } from "./inbound/operation.ts";
import { compileInbound, type InboundSettings } from "./inbound/pipeline.ts";
import { InboundLoad } from "./inbound/load.ts";
import { InboundState } from "./inbound/state.ts";
import type { LoadSource } from "./load/load-source.ts";
import type { LocalOperation, LocalServices } from "./local-services.ts";
import type { PrincipalVerifier } from "./principal.ts";
import { isPlatforms } from "./may-call.ts";
import { ServedMetrics } from "./inbound/served-metrics.ts";
import { ServedSpans } from "./inbound/served-spans.ts";
import type { ServedService } from "./inbound/served.ts";
import type { Serving } from "./inbound/serving.ts";
import { ServingCall } from "./inbound/call.ts";
import { numbersOf, operationSettings, type Policies } from "./policies/settings.ts";
import { LoadShedding } from "./policies/load-shedding.ts";
import { ServingStream } from "./inbound/stream.ts";
import type { Incoming, Reply } from "./transport.ts";

/** What the callee's half is assembled from. */
export interface InboundOptions {
  readonly services: readonly ServedService[];
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  /** Freezes what handlers receive and refuses answers that JSON would change. */
  readonly checked: boolean;
  /** Whether the placement lets `caller` call `operation` of `service`. */
  readonly mayCall: (caller: string, service: string, operation: string) => boolean;
  /** Whether a unit, as a certificate names it, calls in the name of a service that is placed in it. Needed where connections prove themselves; without it none may. */
  readonly speaksFor?: ((unit: string, caller: string) => boolean) | undefined;
  readonly principals: Pick<PrincipalVerifier, "verify">;
  /** What the app sets. */
  readonly policies?: Policies | undefined;
  /** How long a caller of a stream may wait before it takes the next item, milliseconds. Default 5 minutes. */
  readonly streamIdleMs?: number;
  /** Takes the spans of what is served; without it none are made. */
  readonly recorder?: Recorder | undefined;
  /** Counts and times what is served; without it nothing is. */
  readonly metrics?: Metrics | undefined;
}

/** The callee's half of the call path: everything that this program serves, for callers near and far. */
export class Inbound implements LocalServices {
  readonly #services = new Map<string, ReadonlyMap<string, Door>>();
  readonly #state: InboundState;
  readonly #load: LoadSource;

  constructor(options: InboundOptions) {
    const shedding = new LoadShedding(numbersOf(options.policies?.["*"] ?? {}));
    this.#state = new InboundState({
      shedding,
      clock: options.clock,
      checked: options.checked,
      // Ours: long enough for a person who stops a debugger, short enough for a caller that forgot its stream.
      streamIdleMs: options.streamIdleMs ?? 300_000,
      log: options.log,
    });
    const settings: InboundSettings = {
      shedding,
      clock: options.clock,
      draining: () => this.#state.draining,
      mayCall: options.mayCall,
      speaksFor: options.speaksFor ?? (() => false),
      principals: options.principals,
    };
    const { clock, metrics, recorder } = options;
    for (const { contract, operations } of options.services) {
      const doors = new Map<string, Door>();
      for (const [name, declared] of Object.entries(contract.operations)) {
        const served = operations[name];
        if (served === undefined) continue;
        const operation = new InboundOperation(
          contract.name,
          name,
          declared,
          served,
          options.checked,
          operationSettings(options.policies, contract.name, name, declared).criticality,
          recorder && new ServedSpans(recorder, clock, contract.name, name),
          // The platform's own readers wait for news: how long they do says nothing.
          metrics && !isPlatforms(name)
            ? new ServedMetrics(metrics, clock, contract.name, name)
            : undefined,
        );
        doors.set(name, new Door(this.#state, operation, compileInbound(operation, settings)));
      }
      this.#services.set(contract.name, doors);
    }
    const served = [...this.#services.values()].flatMap((doors) =>
      [...doors.values()].map(({ operation }) => operation),
    );
    this.#load = new InboundLoad(served, shedding);
  }

  has(service: string): boolean {
    return this.#services.has(service);
  }

  find(service: string, operation: string): LocalOperation {
    return this.#door(service, operation);
  }

  /** A query or command that came over a wire. */
  call(incoming: Incoming): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.receive(incoming, { answered: resolve, refused: reject });
    });
  }

  /** {@link call} with somebody to tell instead of a promise. Throws `not_here` and `unknown_operation`. */
  receive(incoming: Incoming, reply: Reply): void {
    this.#door(incoming.service, incoming.operation, false).receive(incoming, reply);
  }

  /** A stream that came over a wire. */
  stream(incoming: Incoming): AsyncIterableIterator<unknown> {
    return this.#door(incoming.service, incoming.operation, true).accept(incoming);
  }

  /** Calls and streams that are being worked on. */
  get inFlight(): number {
    return this.#state.inFlight;
  }

  /** From now on refuses calls from outside with `not_here`; resolves when nothing is in flight. Not bounded by itself. */
  drain(): Promise<void> {
    return this.#state.drain();
  }

  /** What this side tells of its load. */
  get load(): LoadSource {
    return this.#load;
  }

  /** How often each operation was called and how that ended, by `service.operation`. */
  counters(): Record<string, Readonly<OperationCounters>> {
    const counters: Record<string, Readonly<OperationCounters>> = {};
    for (const doors of this.#services.values()) {
      for (const { operation } of doors.values()) counters[operation.name] = operation.counters;
    }
    return counters;
  }

  #door(service: string, operation: string, stream?: boolean): Door {
    const doors = this.#services.get(service);
    if (doors === undefined) {
      throw new KerfError("not_here", {
        message: `This instance does not serve ${service}; the call was not executed.`,
        why: "The placement changed, or the caller knows another one.",
        fix: "Send it where the newest placement says.",
      });
    }
    const door = doors.get(operation);
    if (
      door === undefined ||
      (stream !== undefined && stream !== (door.operation.kind === "stream"))
    ) {
      throw new KerfError("unknown_operation", {
        message: `${service} has no ${stream === true ? "stream" : "operation"} ${JSON.stringify(operation)}.`,
        fix: `Its operations: ${[...doors.keys()].join(", ") || "none"}.`,
      });
    }
    return door;
  }
}

/** The two ways to one operation: from this process, and from a wire. */
class Door implements LocalOperation {
  readonly operation: InboundOperation;
  readonly #state: InboundState;
  readonly #admit: (serving: Serving) => void;

  constructor(state: InboundState, operation: InboundOperation, admit: (serving: Serving) => void) {
    this.#state = state;
    this.operation = operation;
    this.#admit = admit;
  }

  get recorded(): boolean {
    return this.operation.served.recorded === true;
  }

  serve(incoming: Incoming, reply: Reply): void {
    new ServingCall(this.#state, this.operation, incoming, false, reply).start(this.#admit);
  }

  open(incoming: Incoming): AsyncIterableIterator<unknown> {
    return new ServingStream(this.#state, this.operation, incoming, false, this.#admit);
  }

  receive(incoming: Incoming, reply: Reply): void {
    new ServingCall(this.#state, this.operation, incoming, true, reply).start(this.#admit);
  }

  accept(incoming: Incoming): AsyncIterableIterator<unknown> {
    return new ServingStream(this.#state, this.operation, incoming, true, this.#admit);
  }
}
