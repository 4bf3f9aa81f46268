import { DeclaredError, KerfError, type Trace } from "@kerf/kernel";
import type { Execution } from "./execution.ts";
import { Cancelled, FailedBySaga, NeedsOperator } from "./failures.ts";
import type { SagaFailure, SagaSteps, StepOptions, StepRow, WaitOptions } from "./saga.ts";
import { topicOf } from "./signals.ts";

/** The steps that the function of a saga is given: what each does, and what of it is recorded. */
export class Steps implements SagaSteps<unknown, unknown> {
  readonly id: string;
  readonly #execution: Execution;

  constructor(execution: Execution) {
    this.id = execution.saga.id;
    this.#execution = execution;
  }

  get clients(): unknown {
    const { current, key, parts, saga } = this.#execution;
    return parts.clients(saga, key, current);
  }

  call<Input, Output>(
    step: string,
    operation: (
      input: Input,
      options?: { idempotencyKey?: string; trace?: Trace },
    ) => PromiseLike<Output>,
    input: Input,
    {
      undo,
      pivot,
    }: StepOptions<
      (input: Input, answer: Output, failure: SagaFailure) => PromiseLike<unknown>
    > = {},
  ): Promise<Output> {
    const execution = this.#execution;
    return execution.step(step, {
      remote: true,
      work: async (trace) => {
        const idempotencyKey = `saga:${this.id}:${step}`;
        try {
          const own = trace.sampled ? { idempotencyKey, trace } : { idempotencyKey };
          const answer = await operation(input, own);
          execution.record(doRow(step, answer, pivot));
        } catch (error) {
          if (!(error instanceof DeclaredError)) throw error;
          execution.record({ ...doRow(step, error.toShape(), pivot), declined: true });
        }
      },
      undo:
        undo &&
        ((answer) => async (failure) => {
          await undo(input, answer as Output, failure);
          execution.record(undoRow(step));
        }),
    }) as Promise<Output>;
  }

  local<Output>(
    step: string,
    work: (args: unknown) => Promise<Output> | Output,
    {
      undo,
      pivot,
    }: StepOptions<(args: unknown, answer: Output, failure: SagaFailure) => Promise<unknown>> = {},
  ): Promise<Output> {
    return this.#execution.step(step, {
      remote: false,
      work: this.#transactional(doRow(step, null, pivot), work),
      undo:
        undo &&
        ((answer) => {
          let failed: SagaFailure;
          // One for all attempts: the next one asks what became of a COMMIT that was not answered.
          const work = this.#transactional(undoRow(step), (args) =>
            undo(args, answer as Output, failed),
          );
          return (failure) => {
            failed = failure;
            return work(this.#execution.current);
          };
        }),
    }) as Promise<Output>;
  }

  async sleep(step: string, ms: number): Promise<void> {
    const { clock } = this.#execution.parts;
    const until = (await this.#value(step, () => clock.wall() + ms)) as number;
    while (until > clock.wall() && !this.#execution.isUndoing) await this.#execution.park(until);
  }

  now(step: string): Promise<number> {
    return this.#value(step, () => this.#execution.parts.clock.wall()) as Promise<number>;
  }

  random(step: string): Promise<number> {
    return this.#value(step, () => this.#execution.parts.random.next()) as Promise<number>;
  }

  async waitFor(
    step: string,
    producer: { readonly name: string },
    event: string,
    { key, timeoutMs }: WaitOptions,
  ): Promise<never> {
    const { definition, parts, saga } = this.#execution;
    const isKept = (definition.waits ?? []).some(
      (waits) => waits.producer.name === producer.name && waits.events.includes(event),
    );
    if (!isKept) {
      throw new NeedsOperator(
        `The saga ${saga.name} waits for ${producer.name}.${event}, which its waits do not name: nobody keeps that event for it.`,
      );
    }
    const topic = topicOf(producer.name, event, key);
    const { store } = parts;
    let isUncertain = false;
    const answer = (await this.#execution.step(step, {
      remote: false,
      work: async () => {
        // What it was given is given to no step again: without its record it would wait for the next one.
        const known = isUncertain ? await store.committed(saga, step, "do") : undefined;
        if (known !== undefined) return this.#execution.recorded(known);
        try {
          const found = await store.lookForSignal(saga, step, topic, timeoutMs);
          isUncertain = false;
          if ("until" in found) return found.until;
          this.#execution.recorded(found.row, found.cancelled);
          return undefined;
        } catch (error) {
          isUncertain = isUnanswered(error);
          throw error;
        }
      },
    })) as { payload?: unknown };
    return answer.payload as never;
  }

  fail(message: string, data?: unknown): Error {
    return new FailedBySaga(message, data);
  }

  /** A value that is the same in every run. */
  #value(step: string, work: () => unknown): Promise<unknown> {
    return this.#execution.step(step, {
      remote: false,
      noted: true,
      work: async () => this.#execution.record(doRow(step, work())),
    });
  }

  /** Does `work` in one transaction with its record; what does not use the transaction is recorded like everything else. */
  #transactional(
    { pivot, ...row }: StepRow,
    work: (args: unknown) => unknown,
  ): (trace: Trace) => Promise<void> {
    const execution = this.#execution;
    const { parts, saga } = execution;
    const { store } = parts;
    let isUncertain = false;
    return async (trace) => {
      const known = isUncertain ? await store.committed(saga, row.step, row.kind) : undefined;
      if (known !== undefined) return execution.recorded(known);
      const transaction = store.open(trace);
      try {
        const args = parts.local(transaction, saga, trace);
        const run = (): unknown => work(args);
        const made = parts.scope === undefined ? run() : parts.scope(saga, trace, run);
        const answer = ((await made) ?? null) as unknown;
        const whole = { ...row, pivot, answer };
        if (transaction.isUntouched) {
          await transaction.commit();
          return execution.record(whole);
        }
        let isCancelled = false;
        transaction.beforeCommit(async () => {
          isCancelled = await store.record(saga, whole, transaction);
          if (isCancelled && pivot) throw new Cancelled("It was cancelled.");
        });
        await transaction.commit();
        return execution.recorded(whole, isCancelled);
      } catch (error) {
        isUncertain = isUnanswered(error);
        throw error;
      } finally {
        await transaction.rollback();
      }
    };
  }
}

/** Whether a COMMIT may have taken effect. */
function isUnanswered(error: unknown): boolean {
  return error instanceof KerfError && error.retry === "unknown";
}

function doRow(step: string, answer: unknown, pivot = false): StepRow {
  return { step, kind: "do", declined: false, pivot, answer: answer ?? null };
}

function undoRow(step: string): StepRow {
  return { step, kind: "undo", declined: false, pivot: false, answer: null };
}
