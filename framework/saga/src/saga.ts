import type { Call, Contract, EventDeclaration, InputOf, OutputOf, Schema } from "@kerf/contract";
import type { CommandTransaction } from "@kerf/data";

/** What undoing is told of the failure that it undoes. */
export interface SagaFailure {
  readonly code: string;
  readonly message: string;
  readonly data?: unknown;
}

/** What a step may set. */
export interface StepOptions<Undo> {
  /** Undoes what the step did, when a later one fails; retried until it succeeds. */
  readonly undo?: Undo;
  /** From here on nothing is undone any more: what follows is retried until it succeeds. */
  readonly pivot?: boolean;
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
  /**
   * Waits for an event of a service that the saga declares in `waits`: the first one under this key that came since the saga
   * began. Answers its payload, or `undefined` when none has come in time.
   */
  waitFor<P extends Contract<any, any, any>, Name extends keyof P["events"] & string>(
    step: string,
    producer: P,
    event: Name,
    options: { readonly key: string; readonly timeoutMs: number },
  ): Promise<
    (P["events"][Name] extends EventDeclaration<infer S> ? OutputOf<S> : never) | undefined
  >;
  /** The time at which this was first asked, milliseconds since 1970-01-01 UTC. */
  now(step: string): Promise<number>;
  /** A number from 0 to 1, the same in every run. */
  random(step: string): Promise<number>;
  /** Ends the saga as failed: `throw s.fail("payment declined")`. What was done is undone. */
  fail(message: string, data?: unknown): Error;
}

/** A saga as its service declares it. */
export interface SagaDefinition<Input extends Schema = Schema, Steps = SagaSteps<any, any>> {
  readonly name: string;
  /** Grows when steps change while instances may run; each instance ends by the version that it began with. */
  readonly version: number;
  readonly input: Input;
  /** The services whose events it may wait for. */
  readonly waits?: readonly Contract<any, any, any>[];
  readonly run: (steps: Steps, input: OutputOf<Input>) => Promise<void>;
}

/** Starts a saga within a command's transaction; it runs only if that commits. Answers its id. */
export type StartSaga = <Input extends Schema>(
  saga: SagaDefinition<Input, any>,
  input: InputOf<Input>,
) => string;

/** The local half of the port: what a local step is given, on its transaction. */
export type LocalArgs = (transaction: CommandTransaction, saga: SagaRow) => unknown;

/** `stuck` ones ask for an operator; `settled` ones were ended by one. */
export type SagaState = "running" | "undoing" | "completed" | "undone" | "stuck" | "settled";

/** A saga as it lies in the database. */
export interface SagaRow {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly input: unknown;
  readonly state: SagaState;
  /** What it is, or was, undone for. */
  readonly failure: SagaFailure | null;
  /** Why somebody wants it undone. */
  readonly cancel: string | null;
  readonly trace: string;
  readonly principal: Readonly<Record<string, unknown>> | null;
  readonly epoch: string;
}

/** A step as it lies in the database. */
export interface StepRow {
  readonly step: string;
  readonly kind: "do" | "undo";
  readonly declined: boolean;
  readonly answer: unknown;
  /** Nothing is undone any more once it is recorded. */
  readonly pivot: boolean;
}
