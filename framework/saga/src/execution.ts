import { setImmediate as nextTurn } from "node:timers/promises";
import { type Contract, type EventDeclaration, type Schema, validate } from "@kerf/contract";
import type { CommandTransaction } from "@kerf/data";
import { type Clock, DeclaredError, delay, KerfError, type Random } from "@kerf/kernel";
import { AlreadyRecorded, type AwaitedEvent, CancelledSaga, type SagaStore } from "./saga-store.ts";
import type {
  LocalArgs,
  SagaDefinition,
  SagaFailure,
  SagaRow,
  SagaSteps,
  StepOptions,
  StepRow,
} from "./saga.ts";
import { isStale } from "./stale-lease.ts";
import type { Move } from "./step-writer.ts";

/** First and longest pause before a step is tried again, milliseconds. */
const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** How often a step is tried that fails in a way that waiting may not mend, before an operator is asked. */
const attempts = 10;
/** Turns of the event loop that a replay may take: it waits for nothing but itself. */
const longestReplay = 10_000;
/** What is shorter is waited for in memory, milliseconds. */
const shortSleepMs = 2_000;
/** Pause between two looks for an event while something else goes on, milliseconds. */
const lookMs = 250;

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

/** What part of a saga rests for. */
interface Rest {
  /** Milliseconds since 1970-01-01 UTC. */
  readonly until: number;
  readonly awaited?: AwaitedEvent;
}

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
  /** What took effect, in the order in which it did. */
  readonly #done = new Map<string, StepRow>();
  readonly #undone = new Set<string>();
  readonly #undo = new Map<string, UndoWork>();
  readonly #named = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  /** Answered to the function, and not durable yet: nothing else begins before they are. */
  #unwritten: StepRow[] = [];
  #writing: Promise<void> | undefined;
  #cancel: string | null;
  /** Whether what the run before may have begun has come to an end: until then steps run on, so that it is known what to undo. */
  #settled: boolean;
  #beyondPivot = false;
  readonly #resting = new Set<Rest>();
  /** Put aside: whatever else would rest ends with the run. */
  #isAside = false;
  #key: string;

  /** @param fresh whether it never ran before */
  constructor(
    saga: SagaRow,
    steps: readonly StepRow[],
    definition: SagaDefinition,
    parts: ExecutionParts,
    fresh: boolean,
  ) {
    this.id = saga.id;
    this.#saga = saga;
    this.#definition = definition;
    this.#parts = parts;
    this.#key = `saga:${saga.id}`;
    this.#cancel = saga.cancel;
    this.#settled = fresh;
    for (const row of steps) {
      if (row.kind === "do") this.#done.set(row.step, row);
      else this.#undone.add(row.step);
    }
  }

  get clients(): unknown {
    return this.#parts.clients(this.#saga, this.#key);
  }

  /** Somebody wants it undone: heeded at its next step, unless it is beyond its pivot. */
  cancel(reason: string): void {
    this.#cancel ??= reason;
  }

  /** Runs it on. Rejects when the instance stops or has lost its lease; everything else is recorded. */
  async run(): Promise<RunEnd> {
    try {
      if (this.#saga.state === "undoing") {
        await this.#collect();
        return await this.#undoAll(this.#saga.failure ?? unknownFailure);
      }
      if (!this.#settled) void this.#settle();
      await this.#definition.run(this as never, this.#saga.input as never);
      await this.#write({ state: "completed" });
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
          this.#record(step, options, await operation(input, { idempotencyKey }));
        } catch (error) {
          if (!(error instanceof DeclaredError)) throw error;
          this.#record(step, options, error.toShape(), true);
        }
      },
      undo &&
        ((answer) => async (failure) => {
          await undo(input, answer as Output, failure);
          await this.#writeRows([undoRow(step)]);
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
      async () => {
        let answer: unknown;
        const used = await store.transaction(async (transaction) => {
          answer = await work(this.#args(transaction));
          // What changed nothing is recorded together with other sagas' steps.
          if (!transaction.isUsed) return false;
          const row = this.#row(step, options, answer);
          await store.record(this.#saga, row, transaction);
          transaction.afterCommit(() => void this.#done.set(step, row));
          return true;
        });
        if (!used) this.#record(step, options, answer);
      },
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
    const { clock } = this.#parts;
    const until = (await this.#instant(step, () => clock.wall() + ms)) as number;
    while (until > clock.wall() && this.#saga.state !== "undoing") await this.#rest({ until });
  }

  async waitFor(
    step: string,
    producer: Contract<any, any, any>,
    event: string,
    { key, timeoutMs }: { readonly key: string; readonly timeoutMs: number },
  ): Promise<never> {
    const declared = (producer.events as Record<string, EventDeclaration>)[event];
    if (declared === undefined || !this.#definition.waits?.includes(producer)) {
      throw new NeedsOperator(
        `The saga ${this.#saga.name} waits for ${producer.name}.${event}, and does not say so in its waits.`,
      );
    }
    const { clock, store } = this.#parts;
    const until = (await this.#instant(`${step} until`, () => clock.wall() + timeoutMs)) as number;
    const awaited = { producer: producer.name, event, key };
    for (;;) {
      const isKnown = this.#done.has(step) || this.#saga.state === "undoing";
      const signal = isKnown ? undefined : await store.signalFor(this.#saga, awaited);
      if (isKnown || signal !== undefined || clock.wall() >= until) {
        const answer = await this.#step(step, {}, async () => {
          const { schema } = declared as EventDeclaration<Schema>;
          const payload = signal && (await validate(schema, signal.payload, "invalid_input", step));
          this.#record(step, {}, signal === undefined ? null : { payload });
        });
        return (answer as { payload: never } | null)?.payload as never;
      }
      await this.#rest({ until, awaited });
    }
  }

  now(step: string): Promise<number> {
    return this.#instant(step, () => this.#parts.clock.wall()) as Promise<number>;
  }

  random(step: string): Promise<number> {
    return this.#instant(step, () => this.#parts.random.next()) as Promise<number>;
  }

  fail(message: string, data?: unknown): Error {
    return new FailedBySaga(message, data);
  }

  /** What is known at once, and the same in every run from then on. */
  #instant(step: string, value: () => unknown): Promise<unknown> {
    return this.#step(step, {}, () => Promise.resolve(this.#record(step, {}, value())));
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
    if (row.pivot) this.#beyondPivot = true;
    if (row.declined) throw declaredFrom(row.answer);
    if (undo !== undefined) this.#undo.set(step, undo(row.answer));
    return row.answer;
  }

  async #untilDone(step: string, work: () => Promise<unknown>): Promise<void> {
    const { clock, random, signal } = this.#parts;
    // What the function was answered so far is durable before anything follows from it.
    await this.#write();
    if (this.#cancel !== null && this.#settled && !this.#beyondPivot)
      throw new CancelledSaga(this.#cancel);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await work();
        return;
      } catch (error) {
        if (this.#done.has(step)) return;
        if (error instanceof AlreadyRecorded && (await this.#reload(step))) return;
        if (
          error instanceof FailedBySaga ||
          error instanceof PutAside ||
          error instanceof CancelledSaga ||
          isStale(error) ||
          signal.aborted
        )
          throw error;
        if (!mayMend(error, attempt))
          throw new NeedsOperator(describe(step, error), { cause: error });
        await delay(clock, pauseMs(attempt, random), signal);
      }
    }
  }

  #row(step: string, { pivot }: StepOptions<unknown>, answer: unknown, declined = false): StepRow {
    return {
      step,
      kind: "do",
      declined,
      answer: answer ?? null,
      pivot: pivot === true && !declined,
    };
  }

  /** Keeps a step's answer; it is written before anything follows from it, and at the end of this turn at the latest. */
  #record(step: string, options: StepOptions<unknown>, answer: unknown, declined = false): void {
    const row = this.#row(step, options, answer, declined);
    this.#done.set(step, row);
    this.#unwritten.push(row);
    void nextTurn().then(() => this.#write().catch(() => undefined));
  }

  /** Writes what is not durable yet, together with what becomes of the saga; tried until it is written. Throws `stale_lease`. */
  async #write(move?: Move): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#unwritten.length === 0 && move === undefined) return;
    const rows = this.#unwritten;
    this.#unwritten = [];
    const writing = this.#writeRows(rows, move);
    // Whoever waits for it looks again afterwards; what failed is said to whoever began.
    this.#writing = writing.then(
      () => void (this.#writing = undefined),
      () => void (this.#writing = undefined),
    );
    try {
      await writing;
    } catch (error) {
      this.#unwritten = [...rows, ...this.#unwritten];
      throw error;
    }
  }

  async #writeRows(rows: readonly StepRow[], move?: Move): Promise<void> {
    const { clock, random, signal, store } = this.#parts;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const cancel = await store.writer.write({ saga: this.#saga, rows, move });
        this.#cancel ??= cancel;
        return;
      } catch (error) {
        if (isStale(error) || signal.aborted || !mayMend(error, attempt)) throw error;
        await delay(clock, pauseMs(attempt, random), signal);
      }
    }
  }

  /** The record of a step whose COMMIT arrived although nobody heard of it. */
  async #reload(step: string): Promise<boolean> {
    const rows = await this.#parts.store.steps(this.id);
    const found = rows.find((row) => row.step === step && row.kind === "do");
    if (found !== undefined) this.#done.set(step, found);
    return found !== undefined;
  }

  /** After the turn in which all that is recorded was replayed, what the run before began is under way again. */
  async #settle(): Promise<void> {
    await nextTurn();
    await nextTurn();
    await Promise.allSettled(this.#running);
    this.#settled = true;
  }

  /**
   * Nothing to do before a time, or an event. Waits in memory when that is short or when something else goes on beside it; otherwise
   * the saga is put aside until the first of all that it rests for, and the run ends.
   */
  async #rest(rest: Rest): Promise<void> {
    const { clock, signal, store } = this.#parts;
    this.#resting.add(rest);
    try {
      await this.#write();
      // What goes on beside it begins, or comes to rest as well.
      await nextTurn();
      if (this.#isAside) throw new PutAside();
      if (this.#cancel !== null && !this.#beyondPivot) {
        if (this.#settled) throw new CancelledSaga(this.#cancel);
        // Until it is known what the run before began.
        return await delay(clock, lookMs, signal);
      }
      const all = [...this.#resting];
      const until = Math.min(...all.map((each) => each.until));
      if (this.#running.size > 0 || until - clock.wall() <= shortSleepMs) {
        const own = Math.max(1, rest.until - clock.wall());
        await delay(clock, rest.awaited === undefined ? own : Math.min(own, lookMs), signal);
        return;
      }
      this.#isAside = true;
      const awaited = all.flatMap((each) => each.awaited ?? []);
      if (await store.putAside(this.#saga, until, awaited)) throw new PutAside();
      this.#isAside = false;
    } finally {
      this.#resting.delete(rest);
    }
  }

  #args(transaction: CommandTransaction): unknown {
    return this.#parts.local(transaction, this.#saga);
  }

  async #failed(thrown: unknown): Promise<RunEnd> {
    const failure = failureOf(thrown);
    const isBusiness =
      thrown instanceof FailedBySaga ||
      thrown instanceof DeclaredError ||
      thrown instanceof CancelledSaga;
    if (!isBusiness || this.#beyondPivot) {
      await this.#write({ state: "stuck", problem: failure });
      return "ended";
    }
    await this.#write({ state: "undoing", failure });
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
    const { clock, random, signal } = this.#parts;
    for (const step of [...this.#done.keys()].reverse()) {
      const undo = this.#undo.get(step);
      if (undo === undefined || this.#undone.has(step)) continue;
      this.#key = `saga:${this.id}:${step}:undo`;
      for (let attempt = 1; ; attempt += 1) {
        try {
          await undo(failure);
          break;
        } catch (error) {
          if (error instanceof AlreadyRecorded) break;
          if (isStale(error) || signal.aborted) throw error;
          if (attempt >= attempts) {
            const problem = failureOf(new Error(describe(`undo of ${step}`, error)));
            await this.#write({ state: "stuck", problem });
            return "ended";
          }
          await delay(clock, pauseMs(attempt, random), signal);
        }
      }
    }
    await this.#write({ state: "undone" });
    return "ended";
  }
}

const unknownFailure: SagaFailure = { code: "failed", message: "The saga failed." };

function undoRow(step: string): StepRow {
  return { step, kind: "undo", declined: false, answer: null, pivot: false };
}

function declaredFrom(shape: unknown): DeclaredError {
  const { code, data, message } = shape as { code: string; data: unknown; message: string };
  return new DeclaredError(code, data, message);
}

function failureOf(thrown: unknown): SagaFailure {
  if (thrown instanceof FailedBySaga)
    return { code: "failed", message: thrown.message, data: thrown.data };
  if (thrown instanceof CancelledSaga) return { code: "cancelled", message: thrown.message };
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

function describe(step: string, error: unknown): string {
  return `${step}: ${error instanceof Error ? error.message : String(error)}`;
}

function pauseMs(attempt: number, random: Random): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt - 1, 10));
  return most * (0.5 + random.next() / 2);
}
