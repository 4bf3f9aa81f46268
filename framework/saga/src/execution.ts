import { setImmediate as nextTurn } from "node:timers/promises";
import type { CommandTransaction } from "@kerf/data";
import { type Clock, DeclaredError, delay, KerfError, type Random } from "@kerf/kernel";
import type { SagaStore } from "./saga-store.ts";
import type {
  LocalArgs,
  SagaDefinition,
  SagaFailure,
  SagaRow,
  SagaSteps,
  StepOptions,
  StepRow,
} from "./saga.ts";

/** First and longest pause before a step is tried again, milliseconds. */
const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** How often a step is tried that fails in a way that waiting may not mend, before an operator is asked. */
const attempts = 10;
/** Turns of the event loop that a replay may take: it waits for nothing but itself. */
const longestReplay = 10_000;
/** What is shorter is waited for in memory, milliseconds. */
const shortSleepMs = 2_000;

/** What a run needs beside the saga. */
export interface ExecutionParts {
  readonly store: SagaStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when the instance stops or its lease is lost. */
  readonly signal: AbortSignal;
  /** Clients whose calls carry keys that follow from `key`. */
  readonly clients: (saga: SagaRow, key: string) => unknown;
  readonly local: LocalArgs;
}

/** How a run ended: at its end, or put aside until later. */
export type RunEnd = "ended" | "aside";

type UndoWork = (failure: SagaFailure) => Promise<void>;

/** Thrown by `s.fail()`. */
class FailedBySaga extends Error {
  readonly data: unknown;

  constructor(message: string, data: unknown) {
    super(message);
    this.data = data;
  }
}

/** Ends a run without ending the saga. */
class PutAside extends Error {}

/** A bug, or an answer that no retry mends: an operator has to look. */
class NeedsOperator extends Error {}

/**
 * One run of one saga: its function from the beginning, with the answers of the steps that are recorded, so that it arrives where
 * the run before ended. Steps are known by their names, so that their order may depend on chance.
 */
export class Execution implements SagaSteps<unknown, unknown> {
  readonly id: string;
  readonly #saga: SagaRow;
  readonly #definition: SagaDefinition;
  readonly #parts: ExecutionParts;
  readonly #done = new Map<string, StepRow>();
  readonly #undone = new Set<string>();
  readonly #undo = new Map<string, UndoWork>();
  readonly #named = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  #beyondPivot = false;
  #key: string;

  constructor(
    saga: SagaRow,
    steps: readonly StepRow[],
    definition: SagaDefinition,
    parts: ExecutionParts,
  ) {
    this.id = saga.id;
    this.#saga = saga;
    this.#definition = definition;
    this.#parts = parts;
    this.#key = `saga:${saga.id}`;
    for (const row of steps) {
      if (row.kind === "do") this.#done.set(row.step, row);
      else this.#undone.add(row.step);
    }
  }

  get clients(): unknown {
    return this.#parts.clients(this.#saga, this.#key);
  }

  /** Runs it on. Rejects when the instance stops or has lost its lease; everything else is recorded. */
  async run(): Promise<RunEnd> {
    try {
      if (this.#saga.state === "undoing") {
        await this.#collect();
        return await this.#undoAll(this.#saga.failure ?? unknownFailure);
      }
      await this.#definition.run(this as never, this.#saga.input as never);
      await this.#parts.store.move(this.#saga, "completed", null);
      return "ended";
    } catch (thrown) {
      // A step beside the one that failed must have come to its end before it is known what to undo.
      await Promise.allSettled(this.#running);
      if (thrown instanceof PutAside) return "aside";
      if (this.#parts.signal.aborted || isStale(thrown)) throw thrown;
      return this.#failed(thrown);
    }
  }

  call<Input, Output>(
    step: string,
    operation: (input: Input, options?: { idempotencyKey?: string }) => PromiseLike<Output>,
    input: Input,
    options: StepOptions<
      (input: Input, answer: Output, failure: SagaFailure) => PromiseLike<unknown>
    > = {},
  ): Promise<Output> {
    const { undo } = options;
    return this.#step(
      step,
      options,
      async () => {
        const idempotencyKey = `saga:${this.id}:${step}`;
        try {
          const answer = await operation(input, { idempotencyKey });
          return await this.#record(step, answer);
        } catch (error) {
          if (!(error instanceof DeclaredError)) throw error;
          await this.#record(step, error.toShape(), true);
          throw error;
        }
      },
      undo &&
        ((answer) => async (failure) => {
          await undo(input, answer as Output, failure);
          await this.#parts.store.record(this.#saga, undoRow(step));
        }),
    ) as Promise<Output>;
  }

  local<Output>(
    step: string,
    work: (args: unknown) => Promise<Output> | Output,
    options: StepOptions<
      (args: unknown, answer: Output, failure: SagaFailure) => Promise<unknown>
    > = {},
  ): Promise<Output> {
    const { undo } = options;
    const { store } = this.#parts;
    return this.#step(
      step,
      options,
      () =>
        store.transaction(async (transaction) => {
          const answer = await work(this.#args(transaction));
          return this.#record(step, answer, false, transaction);
        }),
      undo &&
        ((answer) => async (failure) => {
          await store.transaction(async (transaction) => {
            await undo(this.#args(transaction), answer as Output, failure);
            await store.record(this.#saga, undoRow(step), transaction);
          });
        }),
    ) as Promise<Output>;
  }

  async sleep(step: string, ms: number): Promise<void> {
    const { clock, signal, store } = this.#parts;
    const until = (await this.#step(step, {}, () =>
      this.#record(step, clock.wall() + ms),
    )) as number;
    const left = until - clock.wall();
    if (left <= 0 || this.#saga.state === "undoing") return;
    if (left <= shortSleepMs) return delay(clock, left, signal);
    await store.sleepUntil(this.#saga, until);
    throw new PutAside();
  }

  now(step: string): Promise<number> {
    return this.#step(step, {}, () =>
      this.#record(step, this.#parts.clock.wall()),
    ) as Promise<number>;
  }

  fail(message: string, data?: unknown): Error {
    return new FailedBySaga(message, data);
  }

  /** One step: its recorded answer, or its work, tried until it comes to an end. */
  async #step(
    step: string,
    options: StepOptions<unknown>,
    work: () => Promise<unknown>,
    undo?: (answer: unknown) => UndoWork,
  ): Promise<unknown> {
    if (this.#named.has(step)) {
      throw new NeedsOperator(
        `The saga ${this.#saga.name} has two steps called ${JSON.stringify(step)}; a step is known by its name.`,
      );
    }
    this.#named.add(step);
    let row = this.#done.get(step);
    if (row === undefined) {
      if (this.#saga.state === "undoing") {
        // Beyond what was done there is nothing to undo.
        return new Promise(() => {});
      }
      const running = this.#untilDone(step, work);
      this.#running.add(running);
      await running.finally(() => this.#running.delete(running));
      row = this.#done.get(step) as StepRow;
    }
    if (row.declined) throw declaredFrom(row.answer);
    if (undo !== undefined) this.#undo.set(step, undo(row.answer));
    if (options.pivot === true) this.#beyondPivot = true;
    return row.answer;
  }

  async #untilDone(step: string, work: () => Promise<unknown>): Promise<void> {
    const { clock, random, signal } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (this.#done.has(step)) return;
        if (error instanceof FailedBySaga || isStale(error) || signal.aborted) throw error;
        if (!mayMend(error, attempt))
          throw new NeedsOperator(describe(step, error), { cause: error });
        await delay(clock, pauseMs(attempt, random), signal);
      }
    }
  }

  async #record(
    step: string,
    answer: unknown,
    declined = false,
    transaction?: CommandTransaction,
  ): Promise<unknown> {
    const row = { step, kind: "do" as const, declined, answer: answer ?? null };
    const position = await this.#parts.store.record(this.#saga, row, transaction);
    const keep = (): void => void this.#done.set(step, { ...row, position });
    // A transaction of the step's own commits after this.
    if (transaction === undefined) keep();
    else transaction.afterCommit(keep);
    return answer;
  }

  #args(transaction: CommandTransaction): unknown {
    return this.#parts.local(transaction, this.#saga);
  }

  async #failed(thrown: unknown): Promise<RunEnd> {
    const { store } = this.#parts;
    const failure = failureOf(thrown);
    const business = thrown instanceof FailedBySaga || thrown instanceof DeclaredError;
    if (!business || this.#beyondPivot) {
      await store.move(this.#saga, "stuck", failure);
      return "ended";
    }
    await store.move(this.#saga, "undoing", failure);
    return this.#undoAll(failure);
  }

  /** Runs the function once more over what is recorded, to know again how each step is undone. */
  async #collect(): Promise<void> {
    let ended = false;
    const run = this.#definition.run(this as never, this.#saga.input as never);
    run.then(
      () => (ended = true),
      () => (ended = true),
    );
    const isMissing = (step: string): boolean => !this.#named.has(step);
    for (let turn = 0; !ended && [...this.#done.keys()].some(isMissing); turn += 1) {
      if (turn > longestReplay) {
        throw new NeedsOperator(
          `The saga ${this.#saga.name} does not come to its recorded step ${[...this.#done.keys()].find(isMissing)} any more.`,
        );
      }
      await nextTurn();
    }
    // What comes last is registered within the same turn.
    await nextTurn();
  }

  /** What took effect, last first; an undo that does not succeed asks for an operator. */
  async #undoAll(failure: SagaFailure): Promise<RunEnd> {
    const { clock, random, signal, store } = this.#parts;
    const rows = [...this.#done.values()].sort((a, b) =>
      BigInt(a.position) < BigInt(b.position) ? 1 : -1,
    );
    for (const { step } of rows) {
      const undo = this.#undo.get(step);
      if (undo === undefined || this.#undone.has(step)) continue;
      this.#key = `saga:${this.id}:${step}:undo`;
      for (let attempt = 1; ; attempt += 1) {
        try {
          await undo(failure);
          break;
        } catch (error) {
          if (isStale(error) || signal.aborted) throw error;
          if (attempt >= attempts) {
            await store.move(
              this.#saga,
              "stuck",
              failureOf(new Error(describe(`undo of ${step}`, error))),
            );
            return "ended";
          }
          await delay(clock, pauseMs(attempt, random), signal);
        }
      }
    }
    await store.move(this.#saga, "undone", failure);
    return "ended";
  }
}

const unknownFailure: SagaFailure = { code: "failed", message: "The saga failed." };

function undoRow(step: string): Omit<StepRow, "position"> {
  return { step, kind: "undo", declined: false, answer: null };
}

function declaredFrom(shape: unknown): DeclaredError {
  const { code, data, message } = shape as { code: string; data: unknown; message: string };
  return new DeclaredError(code, data, message);
}

function failureOf(thrown: unknown): SagaFailure {
  if (thrown instanceof FailedBySaga)
    return { code: "failed", message: thrown.message, data: thrown.data };
  if (thrown instanceof KerfError)
    return { code: thrown.code, message: thrown.message, data: thrown.data };
  return { code: "internal", message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** Waiting mends what is down; what a callee calls a failure of its own is tried some times, in case it is mended meanwhile. */
function mayMend(error: unknown, attempt: number): boolean {
  if (!(error instanceof KerfError))
    return error instanceof Error && "code" in error && attempt < attempts;
  return error.retry !== "never" || (error.code === "internal" && attempt < attempts);
}

function isStale(error: unknown): boolean {
  return error instanceof KerfError && error.code === "stale_lease";
}

function describe(step: string, error: unknown): string {
  return `${step}: ${error instanceof Error ? error.message : String(error)}`;
}

function pauseMs(attempt: number, random: Random): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt - 1, 10));
  return most * (0.5 + random.next() / 2);
}
