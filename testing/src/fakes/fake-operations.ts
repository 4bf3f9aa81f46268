import type {
  Contract,
  ErrorConstructors,
  ErrorDeclarations,
  InputOf,
  Operation,
  OutputOf,
  Schema,
} from "@kerf/contract";
import type { CallContext, Principal } from "@kerf/kernel";

/** What the function behind a faked operation is given. */
export interface FakeArgs<Op> {
  /** Through the input schema, as the real handler would get it. */
  readonly input: Op extends Operation<any, infer I extends Schema, any, any, any>
    ? OutputOf<I>
    : never;
  /** Throw one of these to answer with a declared error: `throw errors.outOfStock({ … })`. */
  readonly errors: Op extends Operation<any, any, any, infer E extends ErrorDeclarations, any>
    ? ErrorConstructors<E>
    : never;
  readonly principal: Principal | undefined;
  /** Of a stream: the cursor to resume after. */
  readonly after: string | undefined;
  readonly context: CallContext;
}

/** How a faked operation answers: a value, or a function that makes it; for a stream its items. */
export type FakeAnswer<Op> =
  Op extends Operation<infer K, any, infer O extends Schema, any, any>
    ? K extends "stream"
      ?
          | readonly InputOf<O>[]
          | ((args: FakeArgs<Op>) => AsyncIterable<InputOf<O>> | Iterable<InputOf<O>>)
      : InputOf<O> | ((args: FakeArgs<Op>) => Promise<InputOf<O>> | InputOf<O>)
    : never;

/** Answers for some of a contract's operations; the others may not be called. */
export type FakeAnswers<C extends Contract<any, any, any>> = {
  readonly [Name in keyof C["operations"]]?: FakeAnswer<C["operations"][Name]>;
};

/** A call that a fake received; a retry is a call of its own. */
export interface FakeCall<Op> {
  /** As it came, before the input schema. */
  readonly input: Op extends Operation<any, infer I extends Schema, any, any, any>
    ? InputOf<I>
    : never;
  /** The calling service. */
  readonly caller: string;
  /** The key under which the caller may repeat this command. */
  readonly idempotencyKey: string | undefined;
  readonly principal: Principal | undefined;
}

/** What a fake received, by operation, oldest first. */
export type FakeCalls<C extends Contract<any, any, any>> = {
  readonly [Name in keyof C["operations"]]: readonly FakeCall<C["operations"][Name]>[];
};
