import type { KerfError, Trace } from "@kerf/kernel";
import type { Contract } from "./contract.ts";
import type { ErrorDeclarations, ErrorsOf } from "./declared-error.ts";
import type { Operation } from "./operation.ts";
import type { InputOf, OutputOf, Schema } from "./schema.ts";

/** What one call may set for itself. */
export interface CallOptions {
  /** Milliseconds from now; never longer than what the calling context has left. */
  deadlineMs?: number;
  /** Cancels the call when it aborts. */
  signal?: AbortSignal;
  /** Of a stream: resume after this cursor. */
  after?: string;
  /** Overrides the key under which a command may be repeated. */
  idempotencyKey?: string;
  /** Of a query whose answers are kept: asks the service all the same. */
  fresh?: boolean;
  /** Calls with the same key go to the same instance as long as it is ready and has no more than its share to do: for what it keeps in memory, never for correctness. */
  affinity?: string;
  /** Starts below this span instead of the context's own. */
  trace?: Trace;
}

/** The answer of a query or a command. `safe()` turns its declared errors into values. */
export interface Call<Output, Errors> extends Promise<Output> {
  /** Types only. */
  readonly "~errors"?: Errors;
}

/** The answers of a stream: iterate it once; leaving the loop cancels it at the other side. */
export interface StreamCall<Item, Errors> extends AsyncIterable<Item> {
  /** Types only. */
  readonly "~errors"?: Errors;
  /** Ends it from outside of the loop. */
  cancel(): void;
}

/** How a client calls one operation. */
export type ClientOperation<Op> =
  Op extends Operation<
    infer K,
    infer I extends Schema,
    infer O extends Schema,
    infer E extends ErrorDeclarations,
    any
  >
    ? K extends "stream"
      ? (input: InputOf<I>, options?: CallOptions) => StreamCall<OutputOf<O>, ErrorsOf<E>>
      : (input: InputOf<I>, options?: CallOptions) => Call<OutputOf<O>, ErrorsOf<E>>
    : never;

/** A typed client of a contract: one function an operation. */
export type Client<C extends Contract<any, any, any>> = {
  readonly [Name in keyof C["operations"]]: ClientOperation<C["operations"][Name]>;
};

/** What `safe()` gives: the value, or the declared error; everything else is still thrown. */
export type SafeResult<Output, Errors> =
  | { readonly ok: true; readonly value: Output; readonly error?: undefined }
  | { readonly ok: false; readonly error: Errors; readonly value?: undefined };

/** Declared errors as values: `const { ok, value, error } = await safe(orders.get({ id }))`. */
export async function safe<Output, Errors>(
  call: Call<Output, Errors>,
): Promise<SafeResult<Output, Errors>> {
  try {
    return { ok: true, value: await call };
  } catch (thrown) {
    if ((thrown as Partial<KerfError> | undefined)?.declared === true)
      return { ok: false, error: thrown as Errors };
    throw thrown;
  }
}
