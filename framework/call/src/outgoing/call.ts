import type { CallOptions } from "@kerf/contract";
import {
  type CallContext,
  type CancelWatcher,
  type KerfError,
  type Timer,
  toKerfError,
} from "@kerf/kernel";
import type { Reply } from "../local-services.ts";
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

  /** Sends it; the promise rejects with KerfError only. */
  start(): Promise<unknown> {
    const promise = new Promise<unknown>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    try {
      this.#pipeline.enter(this);
    } catch (thrown) {
      this.release();
      this.#reject(refusedHere(toKerfError(thrown), this.target.name));
      return promise;
    }
    this.#attempt();
    return promise;
  }

  answered(value: unknown): void {
    const { settle, answer } = this.#pipeline;
    settle(this, undefined);
    this.release();
    this.#resolve(answer === undefined ? value : answer(value));
  }

  refused(error: KerfError): void {
    const { settle, again } = this.#pipeline;
    const said = settle(this, error) ?? error;
    const wait = again(this, said);
    if (wait === undefined) {
      this.#fail(said);
      return;
    }
    this.failedOnce(said);
    this.#backoff = this.whole.clock.after(wait, () => {
      this.#backoff = undefined;
      this.whole.unwatch(this);
      this.attemptedAt = this.whole.clock.now();
      this.#attempt();
    });
    this.whole.watch(this);
  }

  /** The call ended while it waited for its next attempt. */
  onCancelled(reason: KerfError): void {
    this.#backoff?.cancel();
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
    const transport = this.transport as NonNullable<typeof this.transport>;
    transport.call(this.request()).then(
      (value) => this.answered(value),
      (thrown: unknown) => this.refused(toKerfError(thrown)),
    );
  }

  #fail(error: KerfError): void {
    this.release();
    this.#reject(receivedError(this.ofAllAttempts(error), this.target.name));
  }
}
