import { DeclaredError } from "@kerf/kernel";
import type { InputOf, OutputOf, Schema } from "./schema.ts";

/** How a contract declares an answer beside the output. */
export interface ErrorOptions<Data extends Schema | undefined = Schema | undefined> {
  /** HTTP status at the edge, 400–499. */
  status?: number;
  /** One sentence for people. */
  message?: string;
  /** What the error carries; nothing when absent. */
  data?: Data;
}

/** A declared error: an answer that callers can tell apart by its code. */
export interface ErrorDeclaration<Data extends Schema | undefined = Schema | undefined> {
  readonly type: "error";
  readonly status: number;
  readonly message: string | undefined;
  readonly data: Data;
}

/** The errors of an operation, by code. */
export type ErrorDeclarations = Readonly<Record<string, ErrorDeclaration<any>>>;

/** Declares an error; its code is the name under which an operation lists it. */
export function error(options?: Omit<ErrorOptions, "data">): ErrorDeclaration<undefined>;
export function error<const Data extends Schema>(
  options: ErrorOptions<Data> & { data: Data },
): ErrorDeclaration<Data>;
// Two signatures, since a single one would take `Data` from the place where the result is used, and that says `any`.
export function error(options: ErrorOptions = {}): ErrorDeclaration {
  return {
    type: "error",
    status: options.status ?? 422,
    message: options.message,
    data: options.data,
  };
}

/** What a caller finds in `error.data`. */
export type ErrorDataOf<D> =
  D extends ErrorDeclaration<infer S> ? (S extends Schema ? OutputOf<S> : undefined) : never;

/** The errors of an operation as a caller meets them: a union that `code` tells apart. */
export type ErrorsOf<E extends ErrorDeclarations> = {
  [Code in keyof E & string]: DeclaredError<Code, ErrorDataOf<E[Code]>>;
}[keyof E & string];

/** What a handler throws from: `throw errors.notFound({ id })`. */
export type ErrorConstructors<E extends ErrorDeclarations> = {
  readonly [Code in keyof E & string]: E[Code] extends ErrorDeclaration<infer S>
    ? S extends Schema
      ? (data: InputOf<S>) => DeclaredError<Code, OutputOf<S>>
      : () => DeclaredError<Code, undefined>
    : never;
};

/** Makes the constructors that handlers throw from. */
export function errorConstructors<E extends ErrorDeclarations>(
  declarations: E,
): ErrorConstructors<E> {
  const constructors: Record<string, (data?: unknown) => DeclaredError> = {};
  for (const [code, declaration] of Object.entries(declarations)) {
    constructors[code] = (data) => new DeclaredError(code, data, declaration.message);
  }
  return constructors as ErrorConstructors<E>;
}
