import type { Contract } from "@kerf/contract";
import { type CallContext, DeclaredError } from "@kerf/kernel";

/** What a handler is run with. */
export interface ServedArguments {
  /** Through the input schema. */
  readonly input: unknown;
  /** As it arrived, a JSON value: what a caller sends again is the same, whatever the schema makes of it. */
  readonly received: unknown;
  /** The callee's context: its caller, the verified principal, the deadline. */
  readonly context: CallContext;
  /** Of a stream: the cursor to resume after. */
  readonly after: string | undefined;
}

/** An answer through its schema, as it will cross the boundary; a promise when the schema is asynchronous. Throws `invalid_output`. */
export type AnswerCheck = (value: unknown) => unknown;

/** For operations that leave the check to whoever runs them. */
export const checkedLater: AnswerCheck = (value) => value;

/** A declared error whose data went through its schema already: at its first answer, or when it was recorded. */
export class CheckedError extends DeclaredError {}

/** A thrown value as the declared error that callers get, or undefined when the contract declares no such error. Throws `invalid_output`. */
export type ErrorCheck = (
  thrown: unknown,
) => CheckedError | undefined | Promise<CheckedError | undefined>;

/** For those whose failures leave nothing to decide. */
export const declaredLater: ErrorCheck = () => undefined;

/** What is behind one operation. */
export interface ServedOperation {
  /** True when it puts its answer through `check` itself, because it does something in between: a command commits. */
  readonly checksAnswer?: boolean;
  /** True for a command whose answer is recorded with its effect, under the call's idempotency key. */
  readonly recorded?: boolean;
  /** Returns a value, a promise of one, or for a stream an async iterable. */
  run(args: ServedArguments, check: AnswerCheck, checkError: ErrorCheck): unknown;
}

/** A service that runs in this process. */
export interface ServedService {
  readonly contract: Contract;
  readonly operations: Readonly<Record<string, ServedOperation>>;
}
