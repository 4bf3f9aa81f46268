import type { ServiceDatabase } from "@kerf/data";
import { type Clock, delay, KerfError, type Random } from "@kerf/kernel";
import { pauseMs } from "./failures.ts";
import type { SagaFailure, SagaRow, StepRow } from "./saga.ts";
import { staleLease } from "./saga-store.ts";
import { type Batch, type Started, verdictOf, writeBatch } from "./write-batch.ts";

/** Rows that one statement writes at most; what comes beyond waits for the next one. */
const longestBatch = 512;
/** Bound of one statement, milliseconds. */
const statementMs = 15_000;
/** Pause before a saga's row is asked for again that another transaction holds, milliseconds. */
const heldPauseMs = 5;

/** What one saga has to write: a step, or where it goes on, or both. */
export interface Entry {
  readonly saga: SagaRow;
  readonly row?: StepRow;
  readonly move?: Move;
}

/** Where a saga goes on. */
export interface Move {
  readonly state: "undoing" | "completed" | "undone" | "stuck";
  readonly failure: SagaFailure | null;
  /** Whether it is beyond its pivot: then it completes even though its end was asked for. */
  readonly pivoted: boolean;
}

interface Waiting {
  readonly entry: Entry | Started;
  readonly resolve: (written: Written) => void;
  readonly reject: (error: unknown) => void;
}

/** What is known when an entry is written. */
export interface Written {
  /** Whether the end of the saga was asked for. */
  readonly cancelled: boolean;
}

/**
 * What the sagas of one instance write, many in one statement that is one transaction: while one is on its way the next one is
 * gathered, so that a single saga waits for nobody and many share the cost of a commit. Each saga is fenced for itself in it.
 */
export class Journal {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #instance: string;
  readonly #signal: AbortSignal;
  #waiting: Waiting[] = [];
  #flushing = false;

  constructor(parts: {
    readonly database: ServiceDatabase;
    readonly clock: Clock;
    readonly random: Random;
    readonly instance: string;
    /** Aborts when the instance stops: what cannot be written by then is given up. */
    readonly signal: AbortSignal;
  }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#instance = parts.instance;
    this.#signal = parts.signal;
  }

  /** Writes it, durably when this resolves. Rejects with `stale_lease` when another instance has taken over. */
  write(entry: Entry): Promise<Written> {
    return this.#enqueue(entry);
  }

  /** Inserts a saga that is all that its command does. Rejects with what the database says: the command answers for it. */
  async start(started: Started): Promise<void> {
    await this.#enqueue(started);
  }

  #enqueue(entry: Entry | Started): Promise<Written> {
    const written = Promise.withResolvers<Written>();
    this.#waiting.push({ entry, resolve: written.resolve, reject: written.reject });
    if (!this.#flushing) {
      this.#flushing = true;
      // After everything that can go on now went on, and has written what it had to write.
      process.nextTick(() => void this.#flush());
    }
    return written.promise;
  }

  async #flush(): Promise<void> {
    for (let attempt = 1; this.#waiting.length > 0;) {
      const batch = this.#waiting.splice(0, longestBatch);
      const left = await this.#write(batch);
      attempt = left === "all" ? attempt + 1 : 1;
      if (left === "all") {
        this.#waiting.unshift(...batch.filter(({ entry }) => "saga" in entry));
        await delay(this.#clock, pauseMs(attempt, this.#random), this.#signal).catch(
          () => undefined,
        );
      } else if (left.length > 0) {
        const others = this.#waiting.length;
        // First, so that the steps of a saga are recorded in the order in which they took effect: it is undone in that order reversed.
        this.#waiting.unshift(...left);
        if (others === 0) await delay(this.#clock, heldPauseMs).catch(() => undefined);
      }
    }
    this.#flushing = false;
  }

  /** Answers what is to be written again: those whose row somebody holds, or all while the database is away. */
  async #write(batch: readonly Waiting[]): Promise<readonly Waiting[] | "all"> {
    let verdicts: ReadonlyMap<string, Awaited<ReturnType<typeof writeBatch>>[number]>;
    try {
      const rows = await writeBatch(
        this.#database,
        this.#clock.now() + statementMs,
        this.#instance,
        batchOf(batch),
      );
      verdicts = new Map(rows.map((row) => [row.saga, row]));
    } catch (error) {
      return this.#failed(batch, error);
    }
    const held: Waiting[] = [];
    for (const waiting of batch) {
      const { entry } = waiting;
      if (!("saga" in entry)) {
        waiting.resolve({ cancelled: false });
        continue;
      }
      const verdict = verdictOf(verdicts.get(entry.saga.id));
      if (verdict === "stale") waiting.reject(staleLease(entry.saga));
      else if (verdict === "held") held.push(waiting);
      else waiting.resolve({ cancelled: verdict === "cancelled" });
    }
    return held;
  }

  async #failed(batch: readonly Waiting[], error: unknown): Promise<readonly Waiting[] | "all"> {
    const passes = error instanceof KerfError && error.retry !== "never";
    if (passes && !this.#signal.aborted) {
      // What a command starts has its command's deadline; what a saga has done has none.
      for (const { entry, reject } of batch) if (!("saga" in entry)) reject(error);
      return "all";
    }
    if (passes || batch.length === 1) {
      for (const { reject } of batch) reject(error);
      return [];
    }
    // A row that the server refuses fails its own saga only.
    const left = [];
    for (const waiting of batch) left.push(await this.#write([waiting]));
    return left.includes("all") ? "all" : (left as Waiting[][]).flat();
  }
}

function batchOf(batch: readonly Waiting[]): Batch {
  const fences = new Map<string, string>();
  const steps: object[] = [];
  const moves = new Map<string, object>();
  const starts: Started[] = [];
  for (const { entry } of batch) {
    if (!("saga" in entry)) {
      starts.push(entry);
      continue;
    }
    const { saga, row, move } = entry;
    fences.set(saga.id, saga.epoch);
    if (row !== undefined) steps.push({ saga: saga.id, ...row });
    if (move !== undefined) moves.set(saga.id, { saga: saga.id, ...move });
  }
  return { fences, steps, moves: [...moves.values()], starts };
}
