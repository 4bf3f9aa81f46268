import { hasEngine, kafkaFile, natsFile, startKafka, startNats } from "@kerf/events/testing";
import { KerfError } from "@kerf/kernel";
import { brokerFaults } from "./faults/broker.ts";
import type { Fault } from "./faults/fault.ts";

/** What carries the events, started for one run. */
export interface Engine {
  readonly name: string;
  /** How `kerf dev` is told of it. */
  readonly args: readonly string[];
  /** What may happen to it, beside what happens to everything. */
  readonly faults: readonly Fault[];
  /** Ends it and removes what it kept. */
  stop(): Promise<void>;
}

const brokers = {
  nats: { file: natsFile, start: startNats },
  kafka: { file: kafkaFile, start: startKafka },
};

const engines: Readonly<Record<string, () => Promise<Engine>>> = {
  /** The producer's own log, read over the call path: nothing to start. */
  embedded: async () => ({ name: "embedded", args: [], faults: [], stop: async () => undefined }),
  nats: () => startBroker("nats"),
  kafka: () => startBroker("kafka"),
};

/** The engines that there are; whether this machine has one shows when it is started. */
export const engineNames: readonly string[] = Object.keys(engines);

/** Starts the engine of this name; throws `invalid_input` when there is none, or when this machine does not have it. */
export function startEngine(name: string): Promise<Engine> {
  const start = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (start !== undefined) return start();
  throw new KerfError("invalid_input", {
    message: `Chaos cannot run on ${JSON.stringify(name)}.`,
    why: `It runs on: ${Object.keys(engines).join(", ")}.`,
    fix: "Give one of these as --engine.",
  });
}

async function startBroker(name: keyof typeof brokers): Promise<Engine> {
  const { file, start } = brokers[name];
  if (!hasEngine(file)) {
    throw new KerfError("invalid_input", {
      message: `This machine has no ${file} in its cache of engines.`,
      fix: "scripts/engines/brokers brings it.",
    });
  }
  const broker = await start();
  const { url } = broker;
  return {
    name,
    args: ["--broker", url],
    faults: brokerFaults(broker),
    stop: () => broker.stop(),
  };
}
