import type { Call, Contract, EventDeclaration, InputOf, OutputOf, Schema } from "@kerf/contract";
import type { CommandTransaction } from "@kerf/data";
import type { Trace } from "@kerf/kernel";

/** What undoing is told of the failure that it undoes. */
export interface SagaFailure {
  readonly code: string;
  readonly message: string;
  readonly data?: unknown;
  /** Of a saga that is stuck while it is undone: the failure that it is undone for. */
  readonly undoing?: SagaFailure | undefined;
}

/** What a step may set. */
export interface StepOptions<Undo> {
  /** Undoes what the step did, when a later one fails; retried until it succeeds. */
  readonly undo?: Undo;
  /** From here on nothing is undone any more: what follows is retried until it succeeds. */
  readonly pivot?: boolean;
}

/** What a wait is bounded by. */
export interface WaitOptions {
  /** The event's key. */
  readonly key: string;
  /** Bound of the wait, milliseconds. */
  readonly timeoutMs: number;
}

/** What an event says. */
export type PayloadOf<C extends Contract<any, any, any>, Name extends keyof C["events"]> =
  C["events"][Name] extends EventDeclaration<infer S> ? OutputOf<S> : never;

/** Events of one other service that a saga may wait for. */
export interface Waits<C extends Contract<any, any, any> = Contract<any, any, any>> {
  readonly producer: C;
  readonly events: readonly (keyof C["events"] & string)[];
}

/** What the function of a saga works with. Every step has a name of its own within the saga, which must not change while instances run. */
export interface SagaSteps<Clients, Local> {
  /** Of this instance; the same in every run. */
  readonly id: string;
  /** Clients of what the service uses: for `call` and in `undo`. */
  readonly clients: Clients;
  /**
   * A command of another service, sent under a key that is the same in every run. A declared error is thrown, and recorded like an
   * answer; everything else is sent again until it is answered.
   */
  call<Input, Output, Errors = never>(
    step: string,
    operation: (input: Input, options?: { idempotencyKey?: string }) => Call<Output, Errors>,
    input: Input,
    options?: StepOptions<
      (input: Input, answer: Output, failure: SagaFailure) => PromiseLike<unknown>
    >,
  ): Call<Output, Errors>;
  /** A change of the service's own data: one transaction together with the record of the step. */
  local<Output = void>(
    step: string,
    work: (args: Local) => Promise<Output> | Output,
    options?: StepOptions<(args: Local, answer: Output, failure: SagaFailure) => Promise<unknown>>,
  ): Promise<Output>;
  /** Waits, over restarts too; milliseconds. */
  sleep(step: string, ms: number): Promise<void>;
  /** The time at which this was first asked, milliseconds since 1970-01-01 UTC. */
  now(step: string): Promise<number>;
  /** A number from 0 up to 1 by chance; the same in every run. */
  random(step: string): Promise<number>;
  /**
   * Waits for an event of another service that came after the saga began, the oldest that no other step of the saga was given.
   * Answers its payload, or undefined when none came in time. The saga's `waits` name the event.
   */
  waitFor<C extends Contract<any, any, any>, Name extends keyof C["events"] & string>(
    step: string,
    producer: C,
    event: Name,
    options: WaitOptions,
  ): Promise<PayloadOf<C, Name> | undefined>;
  /** Ends the saga as failed: `throw s.fail("payment declined")`. What was done is undone. */
  fail(message: string, data?: unknown): Error;
}

/** A saga as its service declares it. */
export interface SagaDefinition<Input extends Schema = Schema, Steps = SagaSteps<any, any>> {
  readonly name: string;
  /** Grows when steps change while instances may run; each instance ends by the version that it began with. */
  readonly version: number;
  readonly input: Input;
  /** The events that it may wait for: they are kept from when the service declares them. */
  readonly waits?: readonly Waits[] | undefined;
  readonly run: (steps: Steps, input: OutputOf<Input>) => Promise<void>;
}

/** Starts a saga within a command's transaction; it runs only if that commits. Answers its id. */
export type StartSaga = <Input extends Schema>(
  saga: SagaDefinition<Input, any>,
  input: InputOf<Input>,
) => string;

/** The local half of the port: what a local step is given, on its transaction and in its span. */
export type LocalArgs = (transaction: CommandTransaction, saga: SagaRow, trace: Trace) => unknown;

/** Runs a local step's function where instrumentation finds its span. */
export type LocalScope = <T>(saga: SagaRow, trace: Trace, work: () => T) => T;

/** A saga as it lies in the database. */
export interface SagaRow {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly input: unknown;
  readonly state: "running" | "undoing" | "completed" | "undone" | "stuck";
  readonly failure: SagaFailure | null;
  readonly trace: string;
  readonly principal: Readonly<Record<string, unknown>> | null;
  readonly epoch: string;
  /** When its end was asked for. */
  readonly cancel: Cancellation | null;
}

/** Who asked for the end of a saga, and why. */
export interface Cancellation {
  readonly by: string;
  /** ISO 8601. */
  readonly at: string;
  readonly note?: string | undefined;
}

/** A step as it lies in the database. */
export interface StepRow {
  readonly step: string;
  /** wait: since when, until when and for what its saga waits; what came is in its do. */
  readonly kind: "do" | "undo" | "wait";
  readonly declined: boolean;
  readonly pivot: boolean;
  readonly answer: unknown;
}
