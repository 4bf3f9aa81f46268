import {
  type CallContext,
  type CancelWatcher,
  type DeclaredError,
  type KerfError,
} from "@kerf/kernel";
import { answerError, declaredAnswer, refusal } from "./answer-error.ts";
import { deepFreeze } from "../json/freeze.ts";
import { jsonValue } from "../json/raw-json.ts";
import type { InboundState } from "./state.ts";
import type { InboundOperation } from "./operation.ts";
import { assertJson } from "../json/strict.ts";
import { type AnswerCheck, CheckedError, checkedLater } from "./served.ts";
import type { ServedSpan } from "./served-spans.ts";
import type { Serving } from "./serving.ts";
import type { Incoming, Reply } from "../transport.ts";

/**
 * One query or command at the callee: input through its schema → handler → output through its schema, or the error mapped.
 * It answers once: with what the handler says, or at the deadline or when the caller leaves, whichever is first.
 */
export class ServingCall implements Serving, CancelWatcher {
  readonly operation: InboundOperation;
  readonly incoming: Incoming;
  readonly remote: boolean;
  context: CallContext;
  enteredAt: number | undefined = undefined;
  readonly #state: InboundState;
  readonly #reply: Reply;
  #answered = false;
  #span: ServedSpan | undefined;
  /** Of a call of this process, when it is timed; and when the handler of any ended, monotonic milliseconds. */
  #startedAt: number | undefined;
  #endedAt: number | undefined;

  constructor(
    state: InboundState,
    operation: InboundOperation,
    incoming: Incoming,
    remote: boolean,
    reply: Reply,
  ) {
    this.#state = state;
    this.operation = operation;
    this.incoming = incoming;
    this.remote = remote;
    this.context = incoming.context;
    this.#reply = reply;
  }

  /** Runs it; never throws. */
  start(admit: (serving: Serving) => void): void {
    this.#state.entered(this.operation);
    if (!this.remote) this.enteredAt = this.#state.sampled(this.operation);
    const { metrics, spans } = this.operation;
    if (metrics !== undefined && !this.remote)
      this.#startedAt = metrics.nearBegin(this.context.wheel);
    if (spans !== undefined && this.context.sampled) this.#span = spans.begin(this.incoming);
    let input: unknown;
    try {
      admit(this);
      const { operation } = this;
      input = (this.remote ? operation.inputFromWire : operation.inputFromNear)(
        jsonValue(this.incoming.input),
      );
    } catch (thrown) {
      this.#refuse(thrown);
      return;
    }
    if (input instanceof Promise) {
      input.then(
        (settled: unknown) => {
          const ended = this.context.cancelled;
          if (ended === undefined) this.#handle(settled);
          else this.#refuse(ended);
        },
        (thrown: unknown) => this.#refuse(thrown),
      );
    } else this.#handle(input);
  }

  /** The caller left or the deadline passed: it is answered at once, whatever the handler still does. */
  onCancelled(reason: KerfError): void {
    this.#answer(undefined, answerError(reason, reason));
  }

  #handle(input: unknown): void {
    const { operation, context, incoming } = this;
    try {
      if (this.#state.checked) deepFreeze(input);
      const { served } = operation;
      const check: AnswerCheck =
        served.checksAnswer === true ? (value) => this.#check(value) : checkedLater;
      const result = served.run(
        { input, received: jsonValue(incoming.input), context, after: incoming.after },
        check,
        (thrown) => this.#checkError(thrown),
      );
      if (isThenable(result)) {
        context.watch(this);
        result.then(
          (value) => this.#finish(value),
          (thrown: unknown) => this.#fail(thrown),
        );
      } else this.#finish(result);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  /** It was not let in: the error is ours and says so by itself. */
  #refuse(thrown: unknown): void {
    this.#end();
    const error = refusal(thrown);
    this.#state.failed(this.operation, this.context, error, thrown);
    this.#answer(undefined, error);
  }

  #finish(value: unknown): void {
    if (this.#answered) {
      this.#end();
      return;
    }
    if (this.operation.served.checksAnswer === true) {
      this.#succeed(value);
      return;
    }
    try {
      const output = this.#check(value);
      if (output instanceof Promise) {
        output.then(
          (settled: unknown) => this.#succeed(settled),
          (thrown: unknown) => this.#fail(thrown),
        );
      } else this.#succeed(output);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #check(value: unknown): unknown {
    const { operation } = this;
    const output = (this.remote ? operation.outputToWire : operation.outputToNear)(value);
    if (!this.#state.checked) return output;
    return output instanceof Promise
      ? output.then((settled) => this.#asJson(settled))
      : this.#asJson(output);
  }

  #asJson(output: unknown): unknown {
    assertJson(output, "invalid_output", this.operation.name);
    return output;
  }

  #succeed(output: unknown): void {
    this.#end();
    this.#answer(output, undefined);
  }

  #fail(failure: unknown): void {
    if (!this.#answered && this.operation.declares(failure)) {
      this.#declare(failure);
      return;
    }
    this.#end();
    if (this.#answered) return;
    const thrown = this.operation.withoutSensitive(failure, this.incoming.input);
    const error = answerError(thrown, this.context.cancelled);
    this.#state.failed(this.operation, this.context, error, thrown);
    if (this.#span !== undefined) this.#span.thrown = thrown;
    this.#answer(undefined, error);
  }

  #declare(thrown: DeclaredError): void {
    const answer = (data: unknown): void => {
      this.#end();
      this.#answer(undefined, declaredAnswer(thrown, data));
    };
    if (thrown instanceof CheckedError) {
      answer(thrown.data);
      return;
    }
    try {
      const data = this.operation.errorData(thrown);
      if (data instanceof Promise) data.then(answer, (wrong: unknown) => this.#fail(wrong));
      else answer(data);
    } catch (wrong) {
      this.#fail(wrong);
    }
  }

  #checkError(thrown: unknown): CheckedError | undefined | Promise<CheckedError | undefined> {
    if (!this.operation.declares(thrown)) return undefined;
    const { code, message } = thrown;
    const data = this.operation.errorData(thrown);
    return data instanceof Promise
      ? data.then((settled: unknown) => new CheckedError(code, settled, message))
      : new CheckedError(code, data, message);
  }

  #answer(value: unknown, error: KerfError | undefined): void {
    if (this.#answered) return;
    this.#answered = true;
    const failed = error !== undefined && this.operation.count(error);
    const { caller } = this.context;
    if (this.#span !== undefined) this.operation.spans?.end(this.#span, caller, error, failed);
    // What comes from outside was timed when it was let in; what was not let in took no time.
    const startedAt = this.remote ? (this.enteredAt ?? this.#endedAt ?? 0) : this.#startedAt;
    const endedAt = this.remote && this.enteredAt === undefined ? startedAt : this.#endedAt;
    this.operation.metrics?.end(startedAt, endedAt, caller, error, this.#span?.trace);
    if (error === undefined) {
      this.#reply.answered(value);
      return;
    }
    this.#reply.refused(error);
  }

  /** The handler is done, or never ran: nothing of the call is left here. */
  #end(): void {
    this.context.unwatch(this);
    if (this.context !== this.incoming.context) this.context.release();
    this.#endedAt = this.#state.left(this.operation, this.enteredAt, this.remote);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
