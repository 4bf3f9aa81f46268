import { type Caller, readEvents } from "@kerf/call";
import {
  type EventDeclaration,
  type Schema,
  sensitiveFields,
  upcast,
  validate,
} from "@kerf/contract";
import type { CommandTransaction } from "@kerf/data";
import {
  type Broker,
  BrokerReader,
  Consumer,
  type ConsumerOptions,
  type LoggedEvent,
  type LogPage,
  type LogRequest,
  ModelFollower,
  type ReadPort,
  ReadSpans,
  type WriteModel,
} from "@kerf/events";
import {
  CallContext,
  deadlineExceeded,
  KerfError,
  type Random,
  redactError,
  type TimerWheel,
} from "@kerf/kernel";
import type { TracingParts } from "@kerf/telemetry";
import type { Subscription } from "../declaration/subscription.ts";
import type { BoundService } from "./bound-service.ts";
import { inScope } from "./in-scope.ts";

/** How much longer than it waits for news a read may take, milliseconds. */
const readMs = 10_000;

/** What consumers need beside their service. */
export interface ConsumerParts {
  readonly instance: string;
  readonly wheel: TimerWheel;
  readonly random: Random;
  /** What carries events, if not the call path. */
  readonly broker?: Broker | undefined;
  readonly tracing?: TracingParts | undefined;
}

/** What follows one producer in this process. */
export type Follower = Consumer | ModelFollower;

/** One consumer of a service in this process: its handlers over the log of one producer, read over the call path. */
export function followerOf(
  bound: BoundService,
  subscription: Subscription,
  caller: Caller,
  parts: ConsumerParts,
): Follower {
  const { from, model } = subscription;
  const options = consumerOptions(bound, subscription, caller, parts);
  if (model === undefined) return new Consumer({ ...options, from });
  const seed = model.seed as ((args: unknown) => Promise<void>) | undefined;
  return new ModelFollower({
    ...options,
    tables: model.tables,
    seed:
      seed &&
      (async (write, signal) => {
        const context = ownContext(bound, parts);
        const cancel = (): void => context.cancel(stopping());
        signal.addEventListener("abort", cancel, { once: true });
        try {
          await seed({
            clients: bound.clients(context),
            write: onTables(write),
            log: bound.log,
            signal,
            ...bound.given,
          });
        } finally {
          signal.removeEventListener("abort", cancel);
          context.release();
        }
      }),
  });
}

function consumerOptions(
  bound: BoundService,
  subscription: Subscription,
  caller: Caller,
  parts: ConsumerParts,
): ConsumerOptions {
  const { clock, database, name } = bound;
  const producer = subscription.producer.name;
  const log = bound.log.with({ follows: producer });
  const ownLog: ReadPort = async (request, signal) => {
    // Without a deadline of its own: the wheel that deadlines sit on would turn for as long as somebody waits for news.
    const context = ownContext(bound, parts);
    const over = clock.after(request.waitMs + readMs, () =>
      context.cancel(deadlineExceeded(`the log of ${producer} was read`)),
    );
    try {
      return await readPage(caller, producer, request, context, signal);
    } finally {
      over.cancel();
      context.release();
    }
  };
  const { broker } = parts;
  const through = broker && new BrokerReader({ producer, broker, ownLog, clock, log });
  if (through !== undefined) bound.brokerReaders.set(producer, through);
  return {
    service: name,
    producer,
    instance: parts.instance,
    random: parts.random,
    clock,
    database,
    log,
    read: through?.read ?? ownLog,
    reads: new ReadSpans(parts.tracing, { clock, service: name, producer }),
    apply: (event, transaction) => applyEvent(bound, subscription, event, transaction, parts),
  };
}

/** What the author's function is given of the transaction. */
function onTables(write: WriteModel) {
  return <T>(work: (args: Pick<CommandTransaction, "db" | "raw">) => Promise<T>): Promise<T> =>
    write((transaction) => work({ db: transaction.db, raw: transaction.raw }));
}

/** Without a deadline of its own. */
function ownContext({ clock, name }: BoundService, { wheel }: ConsumerParts): CallContext {
  const deadline = Number.POSITIVE_INFINITY;
  return new CallContext({ clock, wheel, deadline, caller: name });
}

function stopping(): KerfError {
  return new KerfError("cancelled", "The consumer is stopping.");
}

async function readPage(
  caller: Caller,
  service: string,
  request: LogRequest,
  context: CallContext,
  signal: AbortSignal,
): Promise<LogPage> {
  const cancel = (): void => context.cancel(stopping());
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const pages = caller.send({
      service,
      operation: readEvents,
      kind: "stream",
      input: request,
      context,
    }) as AsyncIterableIterator<unknown>;
    for await (const page of pages) return page as LogPage;
    throw new KerfError("unavailable", `The log of ${service} gave no answer.`);
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** Applies one event in the consumer's transaction: its payload through the contract's schema, then the handler. */
export async function applyEvent(
  bound: BoundService,
  { producer, handlers }: Subscription,
  event: LoggedEvent,
  transaction: CommandTransaction,
  { tracing, wheel }: Pick<ConsumerParts, "tracing" | "wheel">,
): Promise<void> {
  const handler = handlers[event.name] as ((args: unknown) => Promise<void> | void) | undefined;
  const declared = (producer.events as Record<string, EventDeclaration>)[event.name];
  const isAwaited = bound.sagas?.waitsFor(producer.name, event.name) === true;
  if ((handler === undefined && !isAwaited) || declared === undefined) return;
  const place = `${producer.name}.${event.name}`;
  const written = upcast(declared, event.version, event.payload);
  const payload = await validate(declared.schema as Schema, written, "invalid_input", place);
  if (isAwaited) {
    const signal = { producer: producer.name, event: event.name, key: event.key, payload };
    await bound.sagas?.signal(transaction, signal);
  }
  if (handler === undefined) return;
  const hidden = bound.hiding(() => sensitiveFields(declared.schema, "output"), payload);
  await bound.eventRecords(producer.name, tracing).during(event, async (trace) => {
    const { clock } = bound;
    // What it emits goes on in the trace of the command that it goes back to.
    const context = new CallContext({
      clock,
      wheel,
      deadline: Number.POSITIVE_INFINITY,
      trace,
      caller: bound.name,
    });
    const { id, name, key, at } = event;
    const part = transaction.under(trace);
    const args = {
      event: { id, name, key, payload, at },
      db: part.db,
      raw: part.raw,
      get emit() {
        return bound.events?.emit(transaction, context);
      },
      trace,
      log: bound.log.in(trace).hiding(hidden),
      clock,
      ...bound.given,
    };
    try {
      await inScope(bound, trace, () => handler(args), hidden);
    } catch (thrown) {
      // It is written down with the parked key, and in the log.
      throw redactError(thrown, hidden().values);
    }
  });
}
