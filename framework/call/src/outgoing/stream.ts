import type { CallOptions, StreamCall } from "@kerf/contract";
import { type CallContext, KerfError, toKerfError } from "@kerf/kernel";
import { Outgoing } from "./outgoing.ts";
import type { CompiledPipeline } from "./compiled-pipeline.ts";
import { receivedError, refusedHere } from "./received-error.ts";
import type { Target } from "./target.ts";

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * A stream on its way: opened by the first pull, through the same pipeline as a call. Until its first item it is retried
 * like a query; from then on it ends with the first error, since nobody knows what would be missed.
 */
export class OutgoingStream
  extends Outgoing
  implements StreamCall<unknown, never>, AsyncIterableIterator<unknown>
{
  readonly #pipeline: CompiledPipeline;
  #items: AsyncIterator<unknown> | undefined;
  #phase: "new" | "opening" | "open" | "over" = "new";
  #iterated = false;
  #busy: Promise<unknown> | undefined;

  constructor(
    pipeline: CompiledPipeline,
    target: Target,
    parent: CallContext,
    input: unknown,
    options?: CallOptions,
  ) {
    super(target, parent, input, options);
    this.#pipeline = pipeline;
  }

  [Symbol.asyncIterator](): this {
    if (this.#iterated) {
      throw new KerfError("conflict", {
        message: `The items of ${this.target.name} were iterated before; a stream is read once.`,
        fix: "Call the operation again.",
      });
    }
    this.#iterated = true;
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    // One pull at a time, as an async generator does it.
    const before = this.#busy;
    const pull =
      before === undefined
        ? this.#next()
        : before.then(
            () => this.#next(),
            () => this.#next(),
          );
    this.#busy = pull;
    try {
      return await pull;
    } finally {
      if (this.#busy === pull) this.#busy = undefined;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.cancel();
    return over;
  }

  cancel(): void {
    if (this.#phase === "over") return;
    const started = this.#phase !== "new";
    this.#phase = "over";
    if (!started) return;
    this.#pipeline.leave?.(this, undefined);
    this.#letGo();
    if (this.whole !== this.parent)
      this.whole.cancel(new KerfError("cancelled", "The caller left the stream."));
    this.release();
  }

  async #next(): Promise<IteratorResult<unknown>> {
    if (this.#phase === "over") return over;
    if (this.#phase === "new") this.#enter();
    try {
      const result = this.#phase === "open" ? await this.#pull() : await this.#openAndPull();
      if (result.done === true || this.#left()) {
        this.#finish(undefined);
        return over;
      }
      const { answer } = this.#pipeline;
      return answer === undefined ? result : { done: false, value: answer(result.value) };
    } catch (thrown) {
      // Whoever left a stream wants no error either.
      if (this.#left()) return over;
      const error = toKerfError(thrown);
      this.#finish(error);
      throw receivedError(error, this.target.name);
    }
  }

  #enter(): void {
    this.#phase = "opening";
    try {
      this.#pipeline.enter(this);
    } catch (thrown) {
      const error = toKerfError(thrown);
      this.#finish(error);
      throw refusedHere(error, this.target.name);
    }
  }

  async #openAndPull(): Promise<IteratorResult<unknown>> {
    for (;;) {
      this.attempt++;
      this.endpoint = undefined;
      let error: KerfError;
      try {
        this.#pipeline.attempt(this);
        this.#items = this.#open();
        const result = await this.#pull();
        this.#pipeline.settle(this, undefined);
        this.#phase = this.#left() ? "over" : "open";
        return result;
      } catch (thrown) {
        const failed = toKerfError(thrown);
        error = this.#pipeline.settle(this, failed) ?? failed;
      }
      const held = this.#left() ? undefined : this.#held(error);
      if (held !== undefined) {
        await held;
        this.attempt--;
        this.attemptedAt = this.whole.clock.now();
        continue;
      }
      const wait = this.#left() ? undefined : this.#pipeline.again(this, error);
      if (wait === undefined) throw this.ofAllAttempts(error);
      this.failedOnce(error);
      await this.#wait(wait);
      this.attemptedAt = this.whole.clock.now();
    }
  }

  #open(): AsyncIterator<unknown> {
    const { local } = this.target;
    if (local !== undefined) return local.open(this);
    // The position "instance" has chosen it.
    return (this.transport as NonNullable<typeof this.transport>).stream(this.request());
  }

  #pull(): Promise<IteratorResult<unknown>> {
    return (this.#items as AsyncIterator<unknown>).next();
  }

  /** Waits for a service that sleeps, when that is what is wrong; rejects when it stays away. */
  #held(error: KerfError): Promise<void> | undefined {
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const takeBack = this.#pipeline.hold?.(this, error, (refused) => {
      forget();
      if (refused === undefined) resolve();
      else reject(refused);
    });
    if (takeBack === undefined) return undefined;
    const forget = this.whole.onCancel((reason) => {
      takeBack();
      reject(reason);
    });
    return promise;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = this.whole.clock.after(ms, () => {
        takeBack();
        resolve();
      });
      const takeBack = this.whole.onCancel((reason) => {
        timer.cancel();
        reject(reason);
      });
    });
  }

  #left(): boolean {
    return this.#phase === "over";
  }

  #finish(error: KerfError | undefined): void {
    this.#phase = "over";
    this.#pipeline.leave?.(this, error);
    this.#letGo();
    this.release();
  }

  #letGo(): void {
    const items = this.#items;
    this.#items = undefined;
    // What the other side's end throws concerns nobody who has left.
    void items?.return?.()?.then(undefined, () => {});
  }
}
