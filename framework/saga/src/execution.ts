import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Clock,
  DeclaredError,
  delay,
  type Random,
  type Timer,
  type Trace,
} from "@kerf/kernel";
import {
  attempts,
  Cancelled,
  describe,
  FailedBySaga,
  failureOf,
  isBusiness,
  isStale,
  mayMend,
  NeedsOperator,
  pauseMs,
} from "./failures.ts";
import type { Journal, Move } from "./journal.ts";
import type { Acting } from "./operations.ts";
import { type SagaOutcome, type SagaRecords, sagaTrace, type StepRecord } from "./saga-records.ts";
import type { SagaStore } from "./saga-store.ts";
import type {
  LocalArgs,
  LocalScope,
  SagaDefinition,
  SagaFailure,
  SagaRow,
  StepRow,
} from "./saga.ts";
import { Steps } from "./steps.ts";

/** Turns of the event loop that a replay may take: it waits for nothing but itself. */
const longestReplay = 10_000;
/** How long nothing but waiting goes on in a saga before it is put aside, milliseconds. */
const idleMs = 250;

/** Longest wait of one timer, milliseconds: when other steps go on beside it. */
const longestTimerMs = 60_000;

/** What a run needs beside the saga. */
export interface ExecutionParts {
  readonly store: SagaStore;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when the instance stops. */
  readonly signal: AbortSignal;
  /** Clients whose calls carry keys that follow from `key`, and are below `trace`. */
  readonly clients: (saga: SagaRow, key: string, trace: Trace) => unknown;
  readonly local: LocalArgs;
  readonly scope?: LocalScope | undefined;
  /** Undefined where spans and metrics go nowhere. */
  readonly records?: SagaRecords | undefined;
}

/** How a run ended: at its end, put aside until later, or to be run again at once over what is recorded now. */
export type RunEnd = "ended" | "aside" | "again";

/** Undoes one step and sees to its record. */
export type UndoWork = (failure: SagaFailure) => Promise<void>;

/** One step as the saga's function asks for it. */
export interface StepWork {
  /** Whether an earlier run may have begun it without a record: only what other services do is not recorded with its effect. */
  readonly remote: boolean;
  readonly pivot?: boolean | undefined;
  /** Does it, and records it by {@link Execution.record} or {@link Execution.recorded}; or answers until when it is to be waited. */
  readonly work: (trace: Trace) => Promise<number | void>;
  /** It only notes a value: no span. */
  readonly noted?: boolean;
  readonly undo?: ((answer: unknown) => UndoWork) | undefined;
}

/** Ends a run without ending the saga; what is there until then is waited for by nobody. */
class PutAside extends Error {
  /** Until when: what it waits for may come, or be over, before everything is written. */
  readonly until: number;

  constructor(until: number) {
    super();
    this.until = until;
  }
}

interface Parked {
  readonly until: number;
  readonly goOn: () => void;
  /** Nobody waits for it any more. */
  readonly stop: () => void;
}

/**
 * One run of one saga: its function from the beginning, with the answers of the steps that are recorded, so that it arrives where
 * the run before ended. Steps are known by their names, so that their order may depend on chance.
 *
 * The function goes on as soon as a step's record is handed to the journal, but no further step begins before that is durable. So
 * the last step and the end of the saga are written together.
 */
export class Execution {
  readonly saga: SagaRow;
  readonly parts: ExecutionParts;
  readonly definition: SagaDefinition;
  /** The saga's own span. */
  readonly trace: Trace;
  /** The span that clients are below which are made now: the saga's, or that of the step which is undone. */
  current: Trace;
  /** How it ended; once that is recorded. */
  outcome: SagaOutcome | undefined;
  /** Under which the calls of clients are sent that are given no key of their own. */
  key: string;
  readonly #resumed: boolean;
  readonly #done = new Map<string, StepRow>();
  readonly #undone = new Set<string>();
  readonly #undo = new Map<string, UndoWork>();
  readonly #named = new Set<string>();
  readonly #running = new Set<Promise<unknown>>();
  readonly #writing = new Set<Promise<unknown>>();
  readonly #parked = new Set<Parked>();
  readonly #halted = Promise.withResolvers<never>();
  #halting = false;
  #undoing: boolean;
  #beyondPivot = false;
  #recordedNow = false;
  #idle: Timer | undefined;

  /** `steps` are undefined for a saga that was just started. */
  constructor(
    saga: SagaRow,
    steps: readonly StepRow[] | undefined,
    definition: SagaDefinition,
    parts: ExecutionParts,
  ) {
    this.saga = saga;
    this.definition = definition;
    this.parts = parts;
    this.key = `saga:${saga.id}`;
    this.trace = this.current = sagaTrace(saga);
    this.#resumed = steps !== undefined;
    this.#undoing = saga.state === "undoing";
    for (const row of steps ?? []) {
      if (row.kind === "do") this.#keep(row);
      else if (row.kind === "undo") this.#undone.add(row.step);
    }
    // Whoever does not look, because nothing runs any more, is not to be warned of it.
    this.#halted.promise.catch(() => undefined);
  }

  /** Whether the function only runs to know again how its steps are undone. */
  get isUndoing(): boolean {
    return this.#undoing;
  }

  /** Runs it on. Rejects when the instance stops or has lost its lease; everything else is recorded. */
  async run(): Promise<RunEnd> {
    try {
      if (this.#undoing) {
        await this.#collect();
        return await this.#undoAll(this.saga.failure ?? unknownFailure);
      }
      if (this.saga.cancel !== null) this.cancel(this.saga.cancel);
      await Promise.race([this.#runFunction(), this.#halted.promise]);
      if ((await this.#move("completed", null)) && !this.#beyondPivot) throw cancelled();
      await this.durable();
      return "ended";
    } catch (thrown) {
      return await this.#halt(thrown);
    } finally {
      this.#idle?.cancel();
      for (const { stop } of this.#parked) stop();
    }
  }

  /** Its end was asked for: no further step begins, and what is done is undone. Nothing beyond the pivot. */
  cancel(by?: Acting): void {
    if (!this.#beyondPivot && !this.#undoing) this.leave(cancelled(by));
  }

  /** Ends the run, with what is under way. */
  leave(reason: Error): void {
    this.#halting = true;
    this.#halted.reject(reason);
  }

  /** Something came that it may wait for. */
  wake(): void {
    for (const { goOn } of this.#parked) goOn();
  }

  /** One step: its recorded answer, or its work, tried until it comes to an end. */
  async step(name: string, wanted: StepWork): Promise<unknown> {
    if (this.#named.has(name)) {
      throw new NeedsOperator(
        `The saga ${this.saga.name} has two steps called ${JSON.stringify(name)}; a step is known by its name.`,
      );
    }
    this.#named.add(name);
    let record: StepRecord | undefined;
    let { trace } = this;
    while (!this.#done.has(name)) {
      // Beyond what was done there is nothing to undo, and nothing else may begin.
      if (!(await this.#mayBegin(wanted))) return new Promise(() => {});
      if (record === undefined && wanted.noted !== true) {
        if (trace.sampled) trace = trace.child();
        record = this.parts.records?.step("step", this.saga, name, trace);
      }
      const until = await this.#run(this.#untilDone(name, wanted, trace, record));
      if (until !== undefined) await this.park(until);
    }
    const row = this.#done.get(name) as StepRow;
    record?.done(row.declined ? (row.answer as { code: string }).code : undefined);
    if (row.declined) throw declaredFrom(row.answer);
    if (wanted.undo !== undefined) this.#undo.set(name, wanted.undo(row.answer));
    return row.answer;
  }

  /** Hands a record to the journal; the function may go on, and the next step waits until it is durable. */
  record(row: StepRow): void {
    if (row.kind === "do") this.#keep(row);
    else if (row.kind === "undo") this.#undone.add(row.step);
    this.#recordedNow = true;
    const written = this.parts.journal.write({ saga: this.saga, row }).then(
      (answer) => void (answer.cancelled && this.cancel()),
      (error: unknown) => {
        this.leave(
          isStale(error) ? (error as Error) : new NeedsOperator(describe(row.step, error)),
        );
        throw error;
      },
    );
    written.catch(() => undefined);
    this.#writing.add(written);
    void written.catch(() => undefined).then(() => this.#writing.delete(written));
  }

  /** Takes note of what was recorded in a transaction that has committed. */
  recorded(row: StepRow, isCancelled = false): void {
    this.#recordedNow = true;
    if (row.kind === "do") this.#keep(row);
    else this.#undone.add(row.step);
    if (isCancelled) this.cancel();
  }

  /** Waits until `wall`, in memory for a short while and then aside; or until it is woken. */
  park(wall: number): Promise<void> {
    const { clock } = this.parts;
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const goOn = (): void => {
        timer?.cancel();
        this.#parked.delete(parked);
        resolve();
      };
      const parked = { until: wall, goOn, stop: () => timer?.cancel() };
      const wait = (): void => {
        const left = Math.max(0, wall - clock.wall());
        timer = clock.after(Math.min(left, longestTimerMs), () =>
          clock.wall() < wall ? wait() : goOn(),
        );
      };
      wait();
      this.#parked.add(parked);
      this.#considerAside();
    });
  }

  /** Resolves when everything is durable that was recorded. */
  async durable(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  /** The recorded rows, for steps that depend on each other. */
  isDone(step: string): boolean {
    return this.#done.has(step);
  }

  #keep(row: StepRow): void {
    this.#done.set(row.step, row);
    if (row.pivot && !row.declined) this.#beyondPivot = true;
  }

  async #runFunction(): Promise<void> {
    await this.definition.run(new Steps(this) as never, this.saga.input as never);
    // It does not wait for all that it began.
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #mayBegin({ remote }: StepWork): Promise<boolean> {
    if (this.#writing.size > 0) await this.durable();
    if (this.#undoing) return false;
    // What an earlier run may have sent is sent again, so that it is known before anything is undone.
    return !this.#halting || (remote && this.#resumed && !this.#recordedNow);
  }

  async #run<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
      this.#considerAside();
    }
  }

  async #untilDone(
    step: string,
    { work }: StepWork,
    trace: Trace,
    record: StepRecord | undefined,
  ): Promise<number | void> {
    const { clock, random, signal } = this.parts;
    for (let attempt = 1; ; attempt += 1) {
      if (record !== undefined) record.attempts++;
      try {
        return await work(trace);
      } catch (error) {
        if (this.#done.has(step)) return undefined;
        const isGivenUp = error instanceof FailedBySaga || error instanceof Cancelled;
        if (isGivenUp || isStale(error) || signal.aborted || !mayMend(error, attempt))
          record?.failed(error);
        if (isGivenUp || isStale(error) || signal.aborted) throw error;
        if (!mayMend(error, attempt))
          throw new NeedsOperator(describe(step, error), { cause: error });
        await delay(clock, pauseMs(attempt, random), signal);
      }
    }
  }

  /** Nothing but waiting for a while: somebody else may have its place. */
  #considerAside(): void {
    if (this.#parked.size === 0 || this.#running.size > 0) return;
    this.#idle?.cancel();
    const { clock } = this.parts;
    this.#idle = clock.after(idleMs, () => {
      if (this.#parked.size === 0 || this.#running.size > 0 || this.#halting) return;
      const soonest = Math.min(...[...this.#parked].map(({ until }) => until));
      if (soonest - clock.wall() <= idleMs) this.#considerAside();
      else this.leave(new PutAside(soonest));
    });
  }

  /** What becomes of the saga when its function threw or was left. */
  async #halt(thrown: unknown): Promise<RunEnd> {
    this.#halting = true;
    // What it had reached before is under way again by then.
    if (this.#resumed && !this.#recordedNow) await nextTurn();
    // What went on beside must have come to its end before it is known what to undo.
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    await Promise.allSettled(this.#writing);
    if (this.parts.signal.aborted || isStale(thrown)) throw thrown;
    if (thrown instanceof PutAside) {
      if (thrown.until <= this.parts.clock.wall()) return "again";
      await this.parts.store.putAside(this.saga, thrown.until);
      return "aside";
    }
    if (thrown instanceof Cancelled && this.#beyondPivot) return "again";
    const failure = failureOf(thrown);
    if (!isBusiness(thrown) || this.#beyondPivot) {
      await this.#move("stuck", failure);
      return "ended";
    }
    this.#undoing = true;
    await this.#move("undoing", failure);
    return this.#undoAll(failure);
  }

  /** Answers whether its end was asked for meanwhile. */
  async #move(state: Move["state"], failure: SagaFailure | null): Promise<boolean> {
    const { journal } = this.parts;
    const move = { state, failure, pivoted: this.#beyondPivot };
    const { cancelled: isCancelled } = await journal.write({ saga: this.saga, move });
    const isOver = state === "completed" ? !isCancelled || this.#beyondPivot : state !== "undoing";
    if (isOver) this.outcome = { state, code: failure?.code };
    return isCancelled;
  }

  /** Runs the function once more over what is recorded, to know again how each step is undone. */
  async #collect(): Promise<void> {
    let ended = false;
    const run = this.definition.run(new Steps(this) as never, this.saga.input as never);
    run.then(
      () => (ended = true),
      () => (ended = true),
    );
    const isMissing = (step: string): boolean => !this.#named.has(step);
    for (let turn = 0; !ended && [...this.#done.keys()].some(isMissing); turn += 1) {
      if (turn > longestReplay) {
        throw new NeedsOperator(
          `The saga ${this.saga.name} does not come to its recorded step ${[...this.#done.keys()].find(isMissing)} any more.`,
        );
      }
      await nextTurn();
    }
    // What comes last is registered within the same turn.
    await nextTurn();
  }

  /** What took effect, last first; an undo that does not succeed asks for an operator. */
  async #undoAll(failure: SagaFailure): Promise<RunEnd> {
    const { clock, random, signal } = this.parts;
    for (const step of [...this.#done.keys()].reverse()) {
      const undo = this.#undo.get(step);
      if (undo === undefined || this.#undone.has(step)) continue;
      this.key = `saga:${this.saga.id}:${step}:undo`;
      if (this.trace.sampled) this.current = this.trace.child();
      const record = this.parts.records?.step("undo", this.saga, step, this.current);
      for (let attempt = 1; ; attempt += 1) {
        try {
          if (record !== undefined) record.attempts++;
          await this.durable();
          await undo(failure);
          record?.done();
          break;
        } catch (error) {
          if (isStale(error) || signal.aborted) throw error;
          if (attempt >= attempts) {
            record?.failed(error);
            await this.#move("stuck", failureOf(new Error(describe(`undo of ${step}`, error))));
            return "ended";
          }
          await delay(clock, pauseMs(attempt, random), signal);
        }
      }
    }
    await this.#move("undone", failure);
    return "ended";
  }
}

const unknownFailure: SagaFailure = { code: "failed", message: "The saga failed." };

function cancelled(by?: Acting): Cancelled {
  const who = by === undefined ? "" : ` by ${by.by}${by.note === undefined ? "" : `: ${by.note}`}`;
  return new Cancelled(`It was cancelled${who}.`);
}

function declaredFrom(shape: unknown): DeclaredError {
  const { code, data, message } = shape as { code: string; data: unknown; message: string };
  return new DeclaredError(code, data, message);
}
