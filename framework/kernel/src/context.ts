import type { Clock } from "./clock.ts";
import type { KerfError } from "./errors.ts";
import { deadlineExceeded, remaining } from "./deadline.ts";
import type { Principal } from "./principal.ts";
import { type TimerWheel, WheelEntry } from "./timer-wheel.ts";
import { newTrace, type Trace } from "./trace.ts";

/** What a context is made from. */
export interface ContextFields {
  clock: Clock;
  wheel: TimerWheel;
  /** Monotonic milliseconds of this process's clock. */
  deadline: number;
  /** Where the call stands in its trace; without one it is a span below `parent`'s, or the first of a new trace. */
  trace?: Trace | undefined;
  /** The calling service, or `gateway:NAME`, or `client` for code outside of any service. */
  caller: string;
  principal?: Principal | undefined;
  /** The principal as the gateway signed it; goes on unchanged with every call. */
  principalToken?: string | undefined;
  /** The key under which the caller may repeat this command. */
  idempotencyKey?: string | undefined;
  /** The call that this one is part of, in this process: when it ends early, so does this one. */
  parent?: CallContext | undefined;
}

/** Is told when a call ends early; an object instead of a function, so that watching allocates nothing. */
export interface CancelWatcher {
  onCancelled(reason: KerfError): void;
}

/** Ends a call when its deadline falls due; kept for as long as the call, so that watching again allocates nothing. */
class DeadlineEntry extends WheelEntry {
  readonly #context: CallContext;

  constructor(context: CallContext) {
    super(context.deadline);
    this.#context = context;
  }

  fire(): void {
    this.#context.cancel(deadlineExceeded("the call was running"));
  }
}

/**
 * Everything that belongs to one call and travels with it. Always passed explicitly.
 * It is one object with lazy parts: trace and abort signal exist only once somebody asks for them.
 */
export class CallContext implements CancelWatcher {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly deadline: number;
  readonly caller: string;
  readonly principal: Principal | undefined;
  readonly principalToken: string | undefined;
  readonly idempotencyKey: string | undefined;
  #transactionOpen = false;
  readonly #parent: CallContext | undefined;
  #made: Map<string, number> | undefined;
  #trace: Trace | undefined;
  #reason: KerfError | undefined;
  #controller: AbortController | undefined;
  #armed = false;
  #deadlineEntry: DeadlineEntry | undefined;
  // Nearly every call is watched by whoever serves it and by one call that it makes; the set is for calls made at once.
  #watcher: CancelWatcher | undefined;
  #other: CancelWatcher | undefined;
  #others: Set<CancelWatcher> | undefined;

  constructor(fields: ContextFields) {
    this.clock = fields.clock;
    this.wheel = fields.wheel;
    this.deadline = fields.deadline;
    this.caller = fields.caller;
    this.principal = fields.principal;
    this.principalToken = fields.principalToken;
    this.idempotencyKey = fields.idempotencyKey;
    this.#parent = fields.parent;
    this.#trace = fields.trace;
  }

  /** Where the call stands in its trace. */
  get trace(): Trace {
    this.#trace ??= this.#parent === undefined ? newTrace() : this.#parent.trace.child();
    return this.#trace;
  }

  /** Whether spans of this call are recorded; asking makes no trace. */
  get sampled(): boolean {
    return this.#trace === undefined ? this.#parent?.sampled === true : this.#trace.sampled;
  }

  /** Set by the service while its command's transaction is open; calls are refused then. */
  get transactionOpen(): boolean {
    return this.#transactionOpen;
  }

  set transactionOpen(isOpen: boolean) {
    this.#transactionOpen = isOpen;
  }

  /** The same call, in another place of its trace: for a part of its work. Whoever asked releases it when that is done. */
  part(trace: Trace): CallContext {
    return new PartContext(this, trace);
  }

  /** From here on it is the work of `span`: whoever serves a call has a span of its own, below that of whoever sent it. */
  enterSpan(span: Trace): void {
    this.#trace = span;
  }

  /** Counts the calls that this one has made under a name, from 1: the same in each attempt, when the handler does the same. */
  countCall(name: string): number {
    this.#made ??= new Map();
    const count = (this.#made.get(name) ?? 0) + 1;
    this.#made.set(name, count);
    return count;
  }

  /** Milliseconds left, never negative. */
  get remainingMs(): number {
    return remaining(this.clock, this.deadline);
  }

  /** Why this call ended early, if it did. */
  get cancelled(): KerfError | undefined {
    return this.#reason ?? this.#parent?.cancelled;
  }

  /** Aborts when the caller leaves or the deadline passes; made when first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const reason = this.cancelled;
      if (reason === undefined) this.#arm();
      else this.#controller.abort(reason);
    }
    return this.#controller.signal;
  }

  /** Calls `listener` once when this call ends early, at once when it already has. Returns what takes it back. */
  onCancel(listener: (reason: KerfError) => void): () => void {
    const watcher: CancelWatcher = { onCancelled: listener };
    this.watch(watcher);
    return () => this.unwatch(watcher);
  }

  /** {@link onCancel} without allocation, for the hot path. */
  watch(watcher: CancelWatcher): void {
    if (this.#reason !== undefined) {
      watcher.onCancelled(this.#reason);
      return;
    }
    if (this.#watcher === undefined) this.#watcher = watcher;
    else if (this.#other === undefined) this.#other = watcher;
    else (this.#others ??= new Set()).add(watcher);
    this.#arm();
  }

  /** Takes a watcher back; harmless when it is not there. The last one takes the timer with it. */
  unwatch(watcher: CancelWatcher): void {
    if (this.#watcher === watcher) this.#watcher = undefined;
    else if (this.#other === watcher) this.#other = undefined;
    else this.#others?.delete(watcher);
    if (this.#watcher !== undefined || this.#other !== undefined) return;
    if (this.#controller !== undefined || (this.#others?.size ?? 0) > 0) return;
    this.release();
  }

  /** Ends the call early; the first reason stays. */
  cancel(reason: KerfError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.release();
    this.#controller?.abort(reason);
    const watcher = this.#watcher;
    const other = this.#other;
    const others = this.#others;
    this.#watcher = undefined;
    this.#other = undefined;
    this.#others = undefined;
    watcher?.onCancelled(reason);
    other?.onCancelled(reason);
    if (others !== undefined) for (const each of others) each.onCancelled(reason);
  }

  /** The call above ended early, and this one with it. */
  onCancelled(reason: KerfError): void {
    this.cancel(reason);
  }

  /** Lets go of the deadline's timer and of the call above once this call is over. */
  release(): void {
    if (!this.#armed) return;
    this.#armed = false;
    this.#parent?.unwatch(this);
    if (this.#deadlineEntry !== undefined) this.wheel.remove(this.#deadlineEntry);
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#parent?.watch(this);
    // It may have told of its end right away.
    if (this.#reason !== undefined) return;
    // The call above watches a deadline that both share.
    if (this.deadline < (this.#parent?.deadline ?? Number.POSITIVE_INFINITY)) {
      this.#deadlineEntry ??= new DeadlineEntry(this);
      this.wheel.insert(this.#deadlineEntry);
    }
  }
}

/** A part of a call: what the call counts and whether its transaction is open are those of the whole. */
class PartContext extends CallContext {
  readonly #whole: CallContext;

  constructor(whole: CallContext, trace: Trace) {
    const { caller, clock, deadline, idempotencyKey, principal, principalToken, wheel } = whole;
    const own = { caller, clock, deadline, idempotencyKey, principal, principalToken, wheel };
    super({ ...own, trace, parent: whole });
    this.#whole = whole;
  }

  override get transactionOpen(): boolean {
    return this.#whole.transactionOpen;
  }

  override set transactionOpen(isOpen: boolean) {
    this.#whole.transactionOpen = isOpen;
  }

  override countCall(name: string): number {
    return this.#whole.countCall(name);
  }
}
