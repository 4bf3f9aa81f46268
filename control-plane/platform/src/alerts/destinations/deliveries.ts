import { type Clock, type KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { AlertFile, Delivery } from "../alert-file.ts";
import type { Notice } from "../notice.ts";
import { attemptMs, type Destination, type Send } from "./destination.ts";
import type { DestinationStore } from "./destination-store.ts";

/** Pauses after attempts that failed, milliseconds: after the last one it is given up. 22 min in all, longer than a mail server restarts. */
export const pausesMs: readonly number[] = [2_000, 10_000, 60_000, 300_000, 900_000];
/** Notices that wait for one destination; more are of no use to anybody. */
const mostWaiting = 200;

/** What deliveries work on. */
export interface DeliveriesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly file: AlertFile;
  readonly destinations: DestinationStore;
  readonly senders: Readonly<Record<Destination["kind"], Send>>;
  /** Chance, 0 to 1. */
  readonly random: () => number;
  problem(error: KerfError, source: string): void;
}

/**
 * Sends what is to be told, one after the other to each destination. What waits is on the disk, and goes only when it has arrived or was given
 * up: a platform that is killed right after sending sends it again, with the same id.
 */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #busy = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** The deliveries with these added, as far as there is room. */
  withMore(waiting: readonly Delivery[], more: readonly Delivery[]): readonly Delivery[] {
    const kept = [...waiting];
    for (const each of more) {
      const { destination, notice } = each;
      if (kept.some((one) => one.destination === destination && one.notice.id === notice.id))
        continue;
      if (kept.filter((one) => one.destination === destination).length < mostWaiting)
        kept.push(each);
      else
        this.#options.log.warn("a notice was dropped: too many wait", {
          destination,
          notice: notice.id,
        });
    }
    return kept;
  }

  /** Begins with everything that is due. */
  kick(): void {
    if (this.#stopping.signal.aborted) return;
    const { clock, file } = this.#options;
    for (const name of new Set(file.state.deliveries.map(({ destination }) => destination))) {
      if (this.#busy.has(name) || this.#due(name, clock.wall()) === undefined) continue;
      const work = this.#sendAll(name)
        .catch((error: unknown) => this.#options.log.error("cannot send", { error }))
        .finally(() => this.#busy.delete(name));
      this.#busy.set(name, work);
    }
  }

  /** Sends one thing now, once. Rejects when it did not arrive. */
  async send(destination: Destination, notice: Notice, people: readonly string[]): Promise<void> {
    const { clock, destinations, senders } = this.#options;
    const attempt = new AbortController();
    const timer = clock.after(attemptMs, () =>
      attempt.abort(new Error(`it took longer than ${attemptMs / 1_000} s`)),
    );
    const signal = AbortSignal.any([attempt.signal, this.#stopping.signal]);
    try {
      const secret = destinations.secret(destination.name);
      await senders[destination.kind]({ destination, secret, notice, people, signal });
    } finally {
      timer.cancel();
    }
  }

  /** Resolves when nothing is being sent. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#busy.values());
  }

  /** Sends nothing any more; resolves when what was being sent has been let go. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the platform stops"));
    await this.idle();
  }

  async #sendAll(name: string): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const next = this.#due(name, clock.wall());
      if (next === undefined) return;
      await this.#attempt(next);
    }
  }

  /** What is to be sent now. In the order in which it came about: that something is over is not told before that it began. */
  #due(name: string, now: number): Delivery | undefined {
    const first = this.#options.file.state.deliveries.find(
      ({ destination }) => destination === name,
    );
    return first !== undefined && first.dueAt <= now ? first : undefined;
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { destinations } = this.#options;
    const destination = destinations.list().find(({ name }) => name === delivery.destination);
    // Removed meanwhile.
    if (destination === undefined) return this.#over(delivery);
    try {
      await this.send(destination, delivery.notice, delivery.people);
    } catch (thrown) {
      // What was interrupted waits for the platform after us.
      if (this.#stopping.signal.aborted) return;
      return this.#failed(delivery, toKerfError(thrown));
    }
    await this.#over(delivery, {});
  }

  async #failed(delivery: Delivery, error: KerfError): Promise<void> {
    const { clock, file, log, random } = this.#options;
    const { attempts, destination, notice } = delivery;
    const pause = error.retry === "never" ? undefined : pausesMs[attempts];
    log.warn("a notice did not arrive", { destination, notice: notice.id, attempts, error });
    if (pause === undefined) {
      this.#options.problem(error, `alerts:${destination}`);
      return this.#over(delivery, { problem: `${error.message} ${error.why ?? ""}`.trim() });
    }
    // Half of it by chance, so that many do not come at once.
    const dueAt = clock.wall() + pause * (0.5 + random() / 2);
    await file.change((state) => ({
      ...state,
      deliveries: state.deliveries.map((each) =>
        isSame(each, delivery) ? { ...each, attempts: attempts + 1, dueAt } : each,
      ),
      last: { ...state.last, [destination]: this.#last(error.why ?? error.message) },
    }));
  }

  /** It waits no more. `came`: what became of it, unless there was nobody to send it to. */
  async #over(delivery: Delivery, came?: { readonly problem?: string }): Promise<void> {
    const { destination, notice } = delivery;
    const arrived = came !== undefined && came.problem === undefined;
    await this.#options.file.change((state) => ({
      ...state,
      deliveries: state.deliveries.filter((each) => !isSame(each, delivery)),
      alerts: state.alerts.map((alert) =>
        arrived && notice.kind === "firing" && alert.id === notice.alert?.id
          ? { ...alert, told: [...new Set([...alert.told, destination])] }
          : alert,
      ),
      last:
        came === undefined
          ? state.last
          : { ...state.last, [destination]: this.#last(came.problem) },
    }));
  }

  #last(problem?: string): { at: string; problem?: string } {
    const at = new Date(this.#options.clock.wall()).toISOString();
    return problem === undefined ? { at } : { at, problem };
  }
}

function isSame(one: Delivery, other: Delivery): boolean {
  return one.destination === other.destination && one.notice.id === other.notice.id;
}
