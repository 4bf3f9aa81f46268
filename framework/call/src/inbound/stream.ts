import { type CallContext, type CancelWatcher, KerfError, type WheelEntry } from "@kerf/kernel";
import { answerError, declaredAnswer, refusal } from "./answer-error.ts";
import { deepFreeze } from "../json/freeze.ts";
import { jsonValue } from "../json/raw-json.ts";
import type { InboundOperation } from "./operation.ts";
import type { InboundState } from "./state.ts";
import { assertJson } from "../json/strict.ts";
import { checkedLater, declaredLater } from "./served.ts";
import type { ServedSpan } from "./served-spans.ts";
import type { Serving } from "./serving.ts";
import type { Incoming } from "../transport.ts";

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * One stream at the callee: opened by the first pull, one item through the output schema a pull, ended by the handler, by
 * the caller, by its deadline if it has one, or when nobody pulls for too long.
 */
export class ServingStream implements AsyncIterableIterator<unknown>, Serving, CancelWatcher {
  readonly operation: InboundOperation;
  readonly incoming: Incoming;
  readonly remote: boolean;
  context: CallContext;
  enteredAt: number | undefined = undefined;
  readonly #state: InboundState;
  readonly #admit: (serving: Serving) => void;
  #items: AsyncIterator<unknown> | undefined;
  #phase: "new" | "open" | "over" = "new";
  #admitted = false;
  #pull: PromiseWithResolvers<IteratorResult<unknown>> | undefined;
  #ended: KerfError | undefined;
  #span: ServedSpan | undefined;
  #startedAt = 0;
  #idle: WheelEntry | undefined;

  constructor(
    state: InboundState,
    operation: InboundOperation,
    incoming: Incoming,
    remote: boolean,
    admit: (serving: Serving) => void,
  ) {
    this.#state = state;
    this.operation = operation;
    this.incoming = incoming;
    this.remote = remote;
    this.context = incoming.context;
    this.#admit = admit;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    // One pull at a time: a second one waits for the first, as an async generator's would.
    while (this.#pull !== undefined) await this.#pull.promise.catch(() => {});
    this.#forgetIdle();
    if (this.#phase === "over") {
      const error = this.#ended;
      this.#ended = undefined;
      if (error !== undefined) throw error;
      return over;
    }
    const pull = Promise.withResolvers<IteratorResult<unknown>>();
    this.#pull = pull;
    const settle = (act: () => void): void => {
      if (this.#pull !== pull) return;
      this.#pull = undefined;
      act();
    };
    this.#produce().then(
      (result) => settle(() => pull.resolve(result)),
      (error: unknown) => settle(() => pull.reject(error)),
    );
    return pull.promise;
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#close();
    return over;
  }

  /** The caller left or the deadline passed. */
  onCancelled(reason: KerfError): void {
    const error = answerError(reason, reason);
    const pull = this.#pull;
    this.#pull = undefined;
    this.#close(error, this.operation.count(error));
    if (pull === undefined) this.#ended = error;
    else pull.reject(error);
  }

  async #produce(): Promise<IteratorResult<unknown>> {
    try {
      const items = this.#items ?? (await this.#open());
      const result = await items.next();
      if (this.#over()) return over;
      if (result.done === true) {
        this.#items = undefined;
        this.#close();
        return over;
      }
      const { operation } = this;
      const value = await (this.remote ? operation.outputToWire : operation.outputToNear)(
        result.value,
      );
      if (this.#state.checked) assertJson(value, "invalid_output", operation.name);
      this.#watchIdle();
      return { done: false, value };
    } catch (thrown) {
      throw await this.#fail(thrown);
    }
  }

  async #open(): Promise<AsyncIterator<unknown>> {
    const { operation, incoming } = this;
    this.#phase = "open";
    this.#state.entered(operation);
    operation.open++;
    if (operation.metrics !== undefined) this.#startedAt = this.context.clock.now();
    if (operation.spans !== undefined && this.context.sampled)
      this.#span = operation.spans.begin(incoming);
    this.#admit(this);
    const input = await (this.remote ? operation.inputFromWire : operation.inputFromNear)(
      jsonValue(incoming.input),
    );
    this.#admitted = true;
    if (this.#state.checked) deepFreeze(input);
    this.context.watch(this);
    const ended = this.context.cancelled;
    if (ended !== undefined) throw ended;
    const made = await operation.served.run(
      { input, received: jsonValue(incoming.input), context: this.context, after: incoming.after },
      checkedLater,
      declaredLater,
    );
    const items = (made as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    this.#items = items;
    // It may have ended while the handler was opening it.
    if (this.#over()) this.#letGo(items);
    return items;
  }

  async #fail(failure: unknown): Promise<KerfError> {
    const { operation, context } = this;
    const thrown = operation.declares(failure)
      ? failure
      : operation.withoutSensitive(failure, this.incoming.input);
    this.#items = undefined;
    const error = await this.#errorOf(thrown);
    const failed = operation.count(error);
    if (!error.declared && !this.#over()) this.#state.failed(operation, context, error, thrown);
    if (failed && this.#span !== undefined) this.#span.thrown = thrown;
    this.#close(error, failed);
    return error;
  }

  async #errorOf(thrown: unknown): Promise<KerfError> {
    // It was not let in: the error is ours and says so by itself.
    if (!this.#admitted) return refusal(thrown);
    if (!this.operation.declares(thrown)) return answerError(thrown, this.context.cancelled);
    try {
      return declaredAnswer(thrown, await this.operation.errorData(thrown));
    } catch (wrong) {
      return answerError(wrong, undefined);
    }
  }

  #over(): boolean {
    return this.#phase === "over";
  }

  #close(error?: KerfError, failed = false): void {
    if (this.#phase === "over") return;
    const opened = this.#phase === "open";
    this.#phase = "over";
    if (this.#span !== undefined)
      this.operation.spans?.end(this.#span, this.context.caller, error, failed);
    if (opened)
      this.operation.metrics?.end(
        this.#startedAt,
        undefined,
        this.context.caller,
        error,
        this.#span?.trace,
      );
    this.#forgetIdle();
    this.context.unwatch(this);
    if (this.context !== this.incoming.context) this.context.release();
    const items = this.#items;
    this.#items = undefined;
    if (items !== undefined) this.#letGo(items);
    if (!opened) return;
    this.operation.open--;
    this.#state.left(this.operation);
  }

  #letGo(items: AsyncIterator<unknown>): void {
    // A generator that waits in an await hears of it at the context's signal; what its clean-up throws concerns nobody any more.
    void items.return?.()?.then(undefined, () => {});
  }

  #watchIdle(): void {
    const { wheel } = this.context;
    if (this.#phase !== "open" || this.#state.streamIdleMs === Number.POSITIVE_INFINITY) return;
    this.#idle = wheel.add(wheel.now + this.#state.streamIdleMs, () => {
      this.#idle = undefined;
      this.onCancelled(
        new KerfError("cancelled", {
          message: `Nobody took an item of ${this.operation.name} for ${Math.round(this.#state.streamIdleMs / 1000)} s.`,
          fix: "Open it again, after the last cursor.",
        }),
      );
    });
  }

  #forgetIdle(): void {
    if (this.#idle === undefined) return;
    this.context.wheel.remove(this.#idle);
    this.#idle = undefined;
  }
}
