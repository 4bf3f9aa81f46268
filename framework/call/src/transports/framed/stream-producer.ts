/** Where the items of a stream go. */
export interface ItemSink {
  /** Whether so much waits for the socket that nothing should be added. */
  congested(): boolean;
  /** Sends an item and returns its size in bytes. Throws when it cannot be sent at all. */
  item(value: unknown): number;
  /** The producer has ended. */
  end(): void;
  /** The producer has failed. */
  fail(thrown: unknown): void;
}

/**
 * Pulls a stream's items out of its producer while the consumer has asked for more, and not one further: a consumer
 * that stops pulling stops the producer where it is.
 */
export class StreamProducer {
  readonly #sink: ItemSink;
  #mayItems: number;
  #mayBytes: number;
  #stopped = false;
  #iterator: AsyncIterator<unknown> | undefined;
  #wake: (() => void) | undefined;

  /** @param mayItems @param mayBytes what the consumer asks for to begin with */
  constructor(mayItems: number, mayBytes: number, sink: ItemSink) {
    this.#mayItems = mayItems;
    this.#mayBytes = mayBytes;
    this.#sink = sink;
  }

  /** Starts; how it ends the sink is told exactly once. */
  run(open: () => AsyncIterable<unknown>): void {
    this.#pump(open).then(
      () => this.#sink.end(),
      (thrown: unknown) => this.#sink.fail(thrown),
    );
  }

  /** The consumer asks for more. */
  credit(items: number, bytes: number): void {
    this.#mayItems += items;
    this.#mayBytes += bytes;
    this.wake();
  }

  /** Looks again whether it may go on. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The consumer has left: the producer's `finally` blocks run. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.wake();
    // A generator takes this after the step that it is in; what its `finally` throws has nobody left to tell.
    this.#iterator?.return?.().then(undefined, () => {});
  }

  async #pump(open: () => AsyncIterable<unknown>): Promise<void> {
    const iterator = open()[Symbol.asyncIterator]();
    this.#iterator = iterator;
    for (;;) {
      while (!this.#stopped && !this.#maySend())
        await new Promise<void>((resolve) => (this.#wake = resolve));
      if (this.#stopped) return;
      const result = await iterator.next();
      if (result.done === true || this.#stopped) return;
      try {
        this.#mayBytes -= this.#sink.item(result.value);
        this.#mayItems--;
      } catch (thrown) {
        this.stop();
        throw thrown;
      }
    }
  }

  #maySend(): boolean {
    return this.#mayItems > 0 && this.#mayBytes > 0 && !this.#sink.congested();
  }
}
