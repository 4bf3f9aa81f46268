import { AsyncLocalStorage } from "node:async_hooks";
import type { Context, ContextManager, Span } from "@opentelemetry/api";
import type { SpanPlaceOfWork } from "@kerf/telemetry";

/** Under which OpenTelemetry's API keeps the span of a context. It is the same symbol in each of its copies. */
export const spanKey = Symbol.for("OpenTelemetry Context Key SPAN");
/** Under which we keep where the work stands that a context belongs to. */
export const placeKey = Symbol("kerf place");

/** The context of work of ours. What instrumentation reads of it is made when it reads it: most work is never looked at. */
export class PlaceContext implements Context {
  readonly place: SpanPlaceOfWork;
  readonly #spanOf: (place: SpanPlaceOfWork) => Span;
  #span: Span | undefined;

  constructor(place: SpanPlaceOfWork, spanOf: (place: SpanPlaceOfWork) => Span) {
    this.place = place;
    this.#spanOf = spanOf;
  }

  getValue(key: symbol): unknown {
    if (key === spanKey) return (this.#span ??= this.#spanOf(this.place));
    return key === placeKey ? this.place : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return new DerivedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new DerivedContext(this, key, undefined);
  }
}

/** Another one with one value changed. */
class DerivedContext implements Context {
  readonly #from: Context;
  readonly #key: symbol;
  readonly #value: unknown;

  constructor(from: Context, key: symbol, value: unknown) {
    this.#from = from;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#from.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new DerivedContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new DerivedContext(this, key, undefined);
  }
}

/** Knows the context of whatever runs, by AsyncLocalStorage: for instrumentation only, nothing of ours asks it. */
export class PlaceContexts implements ContextManager {
  readonly #current = new AsyncLocalStorage<Context>();
  readonly #root: Context;

  constructor(root: Context) {
    this.#root = root;
  }

  active(): Context {
    return this.#current.getStore() ?? this.#root;
  }

  run<T>(context: Context, work: () => T): T {
    return this.#current.run(context, work);
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#current.run(context, () => fn.apply(thisArg, args));
  }

  /** Functions run in the context; an emitter's listeners run where they were added, which is what AsyncLocalStorage does by itself. */
  bind<T>(context: Context, target: T): T {
    if (typeof target !== "function") return target;
    const run = <R>(work: () => R): R => this.#current.run(context, work);
    return function bound(this: unknown, ...args: unknown[]): unknown {
      return run(() => Reflect.apply(target as (...args: unknown[]) => unknown, this, args));
    } as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#current.disable();
    return this;
  }
}
