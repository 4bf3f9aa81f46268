import { type Contract, type EventDeclaration, type Schema, validate } from "@kerf/contract";
import type { CommandTransaction } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import { shardOf } from "./shard.ts";

/** Events of one transaction at most; more of them belong into several commands. */
const maxEvents = 1_000;

/** What an event carries of the command that emitted it. */
export interface Emitter {
  /** W3C traceparent. */
  readonly trace: string;
  readonly principal: Readonly<Record<string, unknown>> | undefined;
}

/** An event that a command has emitted. */
export interface Buffered {
  readonly name: string;
  readonly key: string;
  readonly version: number;
  readonly payload: unknown;
}

type Emit = Readonly<Record<string, (payload: unknown) => void>>;

/** The producer's side: what its commands emit is appended to its own log, in their transactions. */
export class Outbox {
  readonly #service: string;
  readonly #events: readonly (readonly [string, EventDeclaration])[];
  readonly #appended: () => void;

  /** @param appended told after each commit that has appended something */
  constructor(contract: Contract<any, any, any>, appended: () => void) {
    this.#service = contract.name;
    this.#events = Object.entries(contract.events as Record<string, EventDeclaration>);
    this.#appended = appended;
  }

  /**
   * One function for each event of the contract. What they are given is checked at once, kept, and written with one statement
   * that leaves together with COMMIT: by then every row that the command changes is locked, so ids of the same key follow the order
   * of commits.
   */
  open(transaction: CommandTransaction, emitter: Emitter): Emit {
    const buffered: Buffered[] = [];
    const emit: Record<string, (payload: unknown) => void> = {};
    for (const [name, declared] of this.#events) {
      emit[name] = (payload) => {
        if (buffered.length === 0) this.#appendAtEnd(transaction, emitter, buffered);
        if (buffered.length >= maxEvents) throw tooMany(this.#service);
        buffered.push(this.#checked(name, declared, payload));
      };
    }
    return emit;
  }

  #checked(name: string, { schema, key, version }: EventDeclaration, given: unknown): Buffered {
    const place = `${this.#service}.${name}`;
    const payload = validate(schema as Schema, given, "invalid_output", place);
    if (payload instanceof Promise) {
      throw new KerfError("invalid_output", {
        message: `The schema of the event ${place} is asynchronous.`,
        fix: "Check what takes time before you emit.",
      });
    }
    const ordering = (payload as Record<string, unknown>)[key];
    if (typeof ordering !== "string" && typeof ordering !== "number") {
      throw new KerfError("invalid_output", {
        message: `The event ${place} has no ${key} to order it by.`,
        fix: `Give ${key} as a string or a number.`,
      });
    }
    return { name, key: String(ordering), version, payload };
  }

  #appendAtEnd(transaction: CommandTransaction, emitter: Emitter, events: Buffered[]): void {
    transaction.lastly(() => appendStatement(events, emitter));
    transaction.afterCommit(this.#appended);
  }
}

/** What appends events to the log. */
export function appendStatement(
  events: readonly Buffered[],
  { trace, principal }: Emitter,
): { text: string; values: unknown[] } {
  const principalText = principal === undefined ? null : JSON.stringify(principal);
  const [first] = events;
  if (events.length === 1 && first !== undefined) {
    const { name, key, version, payload } = first;
    return {
      text: "select kerf.event_append($1::smallint, $2, $3, $4::integer, $5, $6, $7)",
      values: [shardOf(key), name, key, version, JSON.stringify(payload), trace, principalText],
    };
  }
  return {
    text: "select kerf.event_append($1::smallint[], $2, $3, $4, $5, $6, $7)",
    values: [
      events.map(({ key }) => shardOf(key)),
      events.map(({ name }) => name),
      events.map(({ key }) => key),
      events.map(({ version }) => version),
      events.map(({ payload }) => JSON.stringify(payload)),
      trace,
      principalText,
    ],
  };
}

function tooMany(service: string): KerfError {
  return new KerfError("conflict", {
    message: `A command of ${service} emitted more than ${maxEvents} events.`,
    fix: "Split the work into several commands.",
    retry: "never",
  });
}
