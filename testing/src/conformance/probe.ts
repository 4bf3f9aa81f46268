import { Inbound, type ServedArguments } from "@kerf/call";
import { command, contract, error, query, stream } from "@kerf/contract";
import { jsonSchema } from "@kerf/contract/json-schema";
import {
  CallContext,
  type ContextFields,
  newTrace,
  type Principal,
  systemClock,
  TimerWheel,
} from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";

const anything = () => jsonSchema<unknown>({});

/** The contract of the service that every transport must carry: one operation of each kind, any JSON in and out. */
export const probeContract = contract("probe", {
  version: "1.0.0",
  operations: {
    ask: query({
      input: anything(),
      output: anything(),
      errors: { soldOut: error({ status: 409, message: "Sold out.", data: anything() }) },
      access: "public",
    }),
    act: command({ input: anything(), output: anything(), access: "public" }),
    watch: stream({
      input: anything(),
      output: anything(),
      errors: { soldOut: error({ status: 409, message: "Sold out.", data: anything() }) },
      access: "public",
    }),
  },
});

/** What one test lets the service do. */
export interface ProbeHandlers {
  ask?: (args: ServedArguments) => unknown;
  act?: (args: ServedArguments) => unknown;
  watch?: (args: ServedArguments) => AsyncIterable<unknown>;
}

/** The callee of a conformance test: a real inbound half around handlers that the test gives. */
export class Probe {
  readonly clock = systemClock;
  readonly wheel = new TimerWheel(systemClock);
  readonly log = silentLogger;
  readonly inbound: Inbound;
  readonly #contexts: CallContext[] = [];

  constructor(handlers: ProbeHandlers, options: { checked: boolean }) {
    const missing = (): never => {
      throw new Error("This test gave no such handler.");
    };
    this.inbound = new Inbound({
      services: [
        {
          contract: probeContract,
          operations: {
            ask: { run: handlers.ask ?? missing },
            act: { run: handlers.act ?? missing },
            watch: { run: handlers.watch ?? missing },
          },
        },
      ],
      clock: this.clock,
      wheel: this.wheel,
      log: this.log,
      checked: options.checked,
      mayCall: () => true,
      principals: {
        verify: (token): Principal => ({ subject: token, claims: { role: "tester" } }),
      },
    });
  }

  /** A context for one call; 10 s unless `fields` say otherwise. */
  context(fields: Partial<ContextFields> & { remainingMs?: number } = {}): CallContext {
    const { remainingMs = 10_000, ...rest } = fields;
    const context = new CallContext({
      clock: this.clock,
      wheel: this.wheel,
      deadline: this.clock.now() + remainingMs,
      trace: newTrace(),
      caller: "tester",
      ...rest,
    });
    this.#contexts.push(context);
    return context;
  }

  /** Lets go of what the contexts hold. */
  release(): void {
    for (const context of this.#contexts) context.release();
  }
}
