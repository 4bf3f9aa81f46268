import type { ProgressEvent } from "@kerf/control-api";
import type { Clock, ErrorShape, KerfError } from "@kerf/kernel";

/** How many events are kept for who comes later. */
const kept = 500;

type Unstamped<E> = E extends unknown ? Omit<E, "sequence" | "time"> : never;

/** An event before it has a number. */
export type NewEvent = Unstamped<ProgressEvent>;

/** Everything that happens, in order: told to the launcher, kept for a while, and followed by whoever asks. */
export class EventLog {
  readonly #clock: Clock;
  readonly #events: ProgressEvent[] = [];
  readonly #listeners = new Set<(event: ProgressEvent) => void>();
  #sequence = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  emit(event: NewEvent): void {
    const stamped = {
      sequence: ++this.#sequence,
      time: new Date(this.#clock.wall()).toISOString(),
      ...event,
    } as ProgressEvent;
    this.#events.push(stamped);
    if (this.#events.length > kept) this.#events.shift();
    for (const listener of this.#listeners) listener(stamped);
  }

  problem(
    error: KerfError | ErrorShape,
    source?: string,
    log?: readonly string[],
    fatal?: boolean,
  ): void {
    this.emit({
      type: "problem",
      error: "toShape" in error ? error.toShape() : error,
      ...(source === undefined ? undefined : { source }),
      ...(log === undefined || log.length === 0 ? undefined : { log: [...log] }),
      ...(fatal === true ? { fatal } : undefined),
    });
  }

  /** Runs a part of the start and tells how long it took. */
  async step<T>(
    id: string,
    title: string,
    work: () => Promise<T>,
    detail?: (result: T) => string | undefined,
  ): Promise<T> {
    const begun = this.#clock.now();
    const ms = (): number => Math.round(this.#clock.now() - begun);
    this.emit({ type: "step", id, title, state: "started" });
    try {
      const result = await work();
      const said = detail?.(result);
      this.emit({
        type: "step",
        id,
        title,
        state: "done",
        ms: ms(),
        ...(said === undefined ? undefined : { detail: said }),
      });
      return result;
    } catch (cause) {
      this.emit({ type: "step", id, title, state: "failed", ms: ms() });
      throw cause;
    }
  }

  /** Tells of a part of the start that is over already. */
  done(id: string, title: string, detail: string): void {
    this.emit({ type: "step", id, title, state: "done", detail });
  }

  /** Calls `listener` at each event. */
  subscribe(listener: (event: ProgressEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What is kept, then what happens, until `signal` aborts. One who reads too slowly misses the oldest. */
  async *follow(after: number, signal: AbortSignal): AsyncGenerator<ProgressEvent> {
    // A number that we have not reached is one of a platform before us.
    let last = after > this.#sequence ? 0 : after;
    let wake = Promise.withResolvers<void>();
    const unsubscribe = this.subscribe(() => wake.resolve());
    const onAbort = (): void => wake.resolve();
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        wake = Promise.withResolvers<void>();
        for (const event of this.#events.filter((one) => one.sequence > last)) {
          yield event;
          last = event.sequence;
        }
        if (this.#sequence === last) await wake.promise;
      }
    } finally {
      unsubscribe();
      signal.removeEventListener("abort", onAbort);
    }
  }
}
