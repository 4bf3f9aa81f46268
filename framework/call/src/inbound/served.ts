import type { Contract } from "@kerf/contract";
import type { CallContext } from "@kerf/kernel";

/** What a handler is run with. */
export interface ServedArguments {
  /** Through the input schema. */
  readonly input: unknown;
  /** The callee's context: its caller, the verified principal, the deadline. */
  readonly context: CallContext;
  /** Of a stream: the cursor to resume after. */
  readonly after: string | undefined;
}

/** An answer through its schema, as it will cross the boundary; a promise when the schema is asynchronous. Throws `invalid_output`. */
export type AnswerCheck = (value: unknown) => unknown;

/** For operations that leave the check to whoever runs them. */
export const checkedLater: AnswerCheck = (value) => value;

/** What is behind one operation. */
export interface ServedOperation {
  /** True when it puts its answer through `check` itself, because it does something in between: a command commits. */
  readonly checksAnswer?: boolean;
  /** Returns a value, a promise of one, or for a stream an async iterable. */
  run(args: ServedArguments, check: AnswerCheck): unknown;
}

/** A service that runs in this process. */
export interface ServedService {
  readonly contract: Contract;
  readonly operations: Readonly<Record<string, ServedOperation>>;
}
