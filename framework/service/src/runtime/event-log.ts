import { type Operation, schemaFrom, stream } from "@kerf/contract";
import {
  type Broker,
  type LogPage,
  type LogRequest,
  LogReader,
  Outbox,
  ReadSpans,
  Relay,
  shards,
} from "@kerf/events";
import type { CommandTransaction } from "@kerf/data";
import { formatTraceparent, type TracingParts } from "@kerf/telemetry";
import type { ServedOperation } from "@kerf/call";
import { type CallContext, KerfError, type Random } from "@kerf/kernel";
import type { BoundService } from "./bound-service.ts";

const anything = { type: "object" } as const;

/** Reading a log as an operation: one page at a time, pulled, so that it waits for news without counting as slow. */
export const readEventsOperation: Operation = stream({
  access: "service",
  input: schemaFrom(anything, logRequest),
  output: schemaFrom(anything, (page) => page as LogPage),
}) as unknown as Operation;

/** What a relay needs beside its service. */
interface RelayParts {
  readonly instance: string;
  readonly random: Random;
  readonly tracing?: TracingParts | undefined;
}

/** The log of one service in this process: what its commands emit, and its consumers read. */
export class EventLog {
  readonly #outbox: Outbox;
  readonly #reader: LogReader;

  readonly #bound: BoundService;

  constructor(bound: BoundService) {
    this.#bound = bound;
    this.#reader = new LogReader(bound.database, bound.clock);
    this.#outbox = new Outbox(bound.service.contract, () => this.#reader.nudge());
  }

  /** The same log as operators look at it. */
  get inspector(): LogReader["inspector"] {
    return this.#reader.inspector;
  }

  /** What publishes it to a broker, not started. */
  relayTo(broker: Broker, { instance, random, tracing }: RelayParts): Relay {
    const { clock, database, log, name: service } = this.#bound;
    return new Relay({
      service,
      instance,
      database,
      reader: this.#reader,
      broker,
      reads: new ReadSpans(tracing, { clock, service, producer: service }),
      clock,
      random,
      log: log.with({ publishes: broker.destination }),
    });
  }

  /** What a command emits with; `context` is where it stands in its trace, and for whom it is. */
  emit(transaction: CommandTransaction, context: CallContext): unknown {
    const { principal, trace } = context;
    return this.#outbox.open(transaction, {
      trace: formatTraceparent(trace),
      principal:
        principal === undefined ? undefined : { subject: principal.subject, ...principal.claims },
    });
  }

  /** What consumers call. */
  served(): ServedOperation {
    const reader = this.#reader;
    return {
      async *run({ input, context }) {
        const request = input as LogRequest;
        // Nobody reads, or keeps from being dropped, in the name of another consumer.
        const page = await reader.read({ ...request, consumer: context.caller }, context.signal);
        yield page;
      },
    };
  }
}

function logRequest(value: unknown): LogRequest {
  const { after, waitMs, building, peek } = value as LogRequest;
  const cursors = Object.entries(after ?? {});
  const fits = cursors.every(
    ([shard, id]) => /^\d{1,2}$/.test(shard) && Number(shard) < shards && /^\d{1,19}$/.test(id),
  );
  if (fits && cursors.length > 0 && typeof waitMs === "number" && waitMs >= 0) {
    return {
      consumer: "",
      after: Object.fromEntries(cursors),
      waitMs,
      building: building === true,
      peek: peek === true,
    };
  }
  throw new KerfError("invalid_input", {
    message: "A log is read with a cursor of shards and ids, and a time to wait.",
    fix: "Both programs must be of one version of Kerf or of neighbouring ones.",
  });
}
