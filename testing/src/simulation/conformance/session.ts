import type { Client } from "pg";
import type { SimulatedClient } from "../database/client.ts";
import type { Scheduler } from "../scheduler.ts";

/** What a statement came to: its rows, or the code of its error. */
export type Result =
  | { readonly rows: unknown[]; readonly count: number }
  | { readonly error: string };

/** One connection to one of the two databases: a statement at a time, which may wait for a lock. */
export interface Session {
  /** Sends a statement and comes back when it is answered, or waits for a lock. */
  send(text: string, values: readonly unknown[]): Promise<Result | "waits">;
  /** What the statement that waited has come to; `waits` when it still does, undefined when there is none. */
  look(): Promise<Result | "waits" | undefined>;
}

interface Answer {
  readonly rows: unknown[];
  readonly rowCount: number | null;
}

/** A session of the simulated database: time stands still while it waits. */
export class SimulatedSession implements Session {
  readonly #client: SimulatedClient;
  readonly #scheduler: Scheduler;
  #pending: { result: Result | undefined } | undefined;

  constructor(client: SimulatedClient, scheduler: Scheduler) {
    this.#client = client;
    this.#scheduler = scheduler;
  }

  async send(text: string, values: readonly unknown[]): Promise<Result | "waits"> {
    this.#pending = pendingOf(this.#client.query(text, values) as Promise<Answer | Answer[]>);
    return (await this.look()) as Result | "waits";
  }

  async look(): Promise<Result | "waits" | undefined> {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    await this.#scheduler.run(this.#scheduler.now + 100, () => false);
    if (pending.result === undefined) return "waits";
    this.#pending = undefined;
    return pending.result;
  }
}

/** Who waits for whom, by the ids of backends. */
export type Waiting = ReadonlyMap<number, readonly number[]>;

/** A session of a real PostgreSQL; whether it waits is read from `pg_locks` over another connection. */
export class RealSession implements Session {
  readonly #client: Client;
  readonly #pid: number;
  readonly #waiting: () => Promise<Waiting>;
  #pending: { result: Result | undefined } | undefined;

  constructor(client: Client, pid: number, waiting: () => Promise<Waiting>) {
    this.#client = client;
    this.#pid = pid;
    this.#waiting = waiting;
  }

  async send(text: string, values: readonly unknown[]): Promise<Result | "waits"> {
    this.#pending = pendingOf(this.#client.query(text, [...values]) as Promise<Answer | Answer[]>);
    return (await this.look()) as Result | "waits";
  }

  async look(): Promise<Result | "waits" | undefined> {
    const pending = this.#pending;
    if (pending === undefined) return undefined;
    for (;;) {
      const waiting = await this.#waiting();
      if (pending.result !== undefined) {
        this.#pending = undefined;
        return pending.result;
      }
      // The server ends a deadlock by itself, after a moment.
      if (waiting.has(this.#pid) && !isDeadlock(waiting, this.#pid)) return "waits";
    }
  }
}

function isDeadlock(waiting: Waiting, pid: number): boolean {
  const reached = new Set<number>();
  const follow = (at: number): boolean =>
    (waiting.get(at) ?? []).some((blocker) => {
      if (blocker === pid) return true;
      if (reached.has(blocker)) return false;
      reached.add(blocker);
      return follow(blocker);
    });
  return follow(pid);
}

/** Of several statements in one message the last one counts: it ended the transaction. */
function pendingOf(answered: Promise<Answer | Answer[]>): { result: Result | undefined } {
  const pending: { result: Result | undefined } = { result: undefined };
  answered.then(
    (answers) => {
      const { rows, rowCount } = [answers].flat().at(-1) as Answer;
      pending.result = { rows, count: rowCount ?? 0 };
    },
    (error: Error & { code?: string }) => (pending.result = { error: error.code ?? error.message }),
  );
  return pending;
}
