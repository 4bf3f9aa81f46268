import {
  type CallContext,
  type CancelWatcher,
  KerfError,
  type Timer,
  toKerfError,
} from "@kerf/kernel";
import { type Reply, sendOver } from "../transport.ts";
import { besideOf } from "./call-spans.ts";
import type { SendOptions } from "./client-stub.ts";
import { Outgoing } from "./outgoing.ts";
import type { CompiledPipeline } from "./compiled-pipeline.ts";
import { receivedError, refusedHere } from "./received-error.ts";
import type { Target } from "./target.ts";

/** A query or command on its way: runs the compiled pipeline and waits for the answer itself, so that it needs one promise. */
export class OutgoingCall extends Outgoing implements Reply, CancelWatcher {
  readonly #pipeline: CompiledPipeline;
  #resolve!: (value: unknown) => void;
  #reject!: (error: KerfError) => void;
  #backoff: Timer | undefined;
  #hedging: Timer | undefined;
  /** Takes it back while it is held. */
  #takeBack: (() => void) | undefined;
  /** The attempt beside this one. */
  #hedge: Hedge | undefined;
  /** How the attempt ended that has another one beside it. */
  #failure: KerfError | undefined;
  #isOver = false;

  constructor(
    pipeline: CompiledPipeline,
    target: Target,
    parent: CallContext,
    input: unknown,
    options?: SendOptions,
  ) {
    super(target, parent, input, options);
    this.#pipeline = pipeline;
  }

  /** Sends it; the promise rejects with KerfError only. */
  start(): Promise<unknown> {
    const promise = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    try {
      this.#pipeline.enter(this);
    } catch (thrown) {
      const error = toKerfError(thrown);
      this.#pipeline.leave?.(this, error);
      this.release();
      this.#reject(refusedHere(error, this.target.name));
      return promise;
    }
    this.#attempt();
    return promise;
  }

  answered(value: unknown): void {
    this.#pipeline.settle(this, undefined);
    if (!this.#isOver) this.#succeed(value, this.#hedge);
  }

  refused(error: KerfError): void {
    const said = this.#pipeline.settle(this, error) ?? error;
    if (this.#isOver) return;
    this.#hedging?.cancel();
    if (this.#hedge === undefined) {
      this.#repeat(said);
      return;
    }
    // The other one may still answer.
    this.failedOnce(said);
    this.#failure = said;
  }

  /** The call ended while it waited for its next attempt. */
  onCancelled(reason: KerfError): void {
    this.#backoff?.cancel();
    this.#takeBack?.();
    this.#fail(reason);
  }

  #attempt(): void {
    this.attempt++;
    this.endpoint = undefined;
    const { local } = this.target;
    try {
      this.#pipeline.attempt(this);
      if (local !== undefined) {
        local.serve(this, this);
        return;
      }
    } catch (thrown) {
      this.refused(toKerfError(thrown));
      return;
    }
    // The position "instance" has chosen it.
    sendOver(this.transport as NonNullable<typeof this.transport>, this.request(), this);
    // It may have been refused right away.
    if (this.#isOver || this.#backoff !== undefined || this.#takeBack !== undefined) return;
    const besideMs = this.#pipeline.beside?.(this);
    if (besideMs !== undefined)
      this.#hedging = this.whole.clock.after(besideMs, () => this.#attemptBeside());
  }

  #attemptBeside(): void {
    const { clock, upstream } = this.target;
    const now = clock.now();
    if (this.#isOver || !upstream.budget.withdraw(now)) return;
    this.target.spans?.divide(this);
    const hedge = new Hedge(this.target, this, now);
    this.attempt++;
    try {
      this.#pipeline.attempt(hedge);
    } catch (thrown) {
      this.#pipeline.settle(hedge, toKerfError(thrown));
      return;
    }
    this.#hedge = hedge;
    sendOver(hedge.transport as NonNullable<typeof hedge.transport>, hedge.request(), {
      answered: (value) => {
        this.#pipeline.settle(hedge, undefined);
        if (!this.#isOver) this.#succeed(value, this.#failure === undefined ? this : undefined);
      },
      refused: (error) => {
        const said = this.#pipeline.settle(hedge, error) ?? error;
        this.#hedge = undefined;
        if (this.#isOver) return;
        if (this.#failure === undefined) {
          this.failedOnce(said);
          return;
        }
        this.#failure = undefined;
        this.#repeat(said);
      },
    });
  }

  #succeed(value: unknown, loser: Outgoing | undefined): void {
    const { answer } = this.#pipeline;
    let said = value;
    try {
      if (answer !== undefined) said = answer(value);
    } catch (thrown) {
      return this.#fail(toKerfError(thrown));
    }
    this.#end(undefined);
    loser?.context.cancel(new KerfError("cancelled", "Another instance answered before."));
    this.release();
    this.#resolve(said);
  }

  #repeat(error: KerfError): void {
    if (this.#isHeld(error)) return;
    const wait = this.#pipeline.again(this, error);
    if (wait === undefined) {
      this.#fail(error);
      return;
    }
    this.failedOnce(error);
    this.#backoff = this.whole.clock.after(wait, () => {
      this.#backoff = undefined;
      this.whole.unwatch(this);
      this.attemptedAt = this.whole.clock.now();
      this.#attempt();
    });
    this.whole.watch(this);
  }

  /** Waits for a service that sleeps, when that is what is wrong. */
  #isHeld(error: KerfError): boolean {
    try {
      this.#takeBack = this.#pipeline.hold?.(this, error, (refused) => {
        this.#takeBack = undefined;
        this.whole.unwatch(this);
        if (refused !== undefined) return this.#fail(refused);
        // Nobody was tried.
        this.attempt--;
        this.attemptedAt = this.whole.clock.now();
        this.#attempt();
      });
    } catch (thrown) {
      this.#fail(toKerfError(thrown));
      return true;
    }
    if (this.#takeBack === undefined) return false;
    this.whole.watch(this);
    return true;
  }

  #fail(error: KerfError): void {
    this.#end(error);
    this.release();
    this.#reject(receivedError(this.ofAllAttempts(error), this.target.name));
  }

  #end(error: KerfError | undefined): void {
    this.#isOver = true;
    this.#hedging?.cancel();
    this.#pipeline.leave?.(this, error);
  }
}

/** A second attempt beside one that takes long: the same call, at another instance. */
class Hedge extends Outgoing {
  constructor(target: Target, call: Outgoing, now: number) {
    super(target, call.parent, call.input, call.options);
    this.after = call.after;
    this.trace = call.trace;
    if (call.recorded !== undefined) this.recorded = besideOf();
    this.idempotencyKey = call.idempotencyKey;
    this.whole = call.whole;
    this.context = call.whole;
    this.attempt = call.attempt + 1;
    this.attemptedAt = now;
    // Left out, as an instance that was tried before.
    this.address = call.address;
  }
}
