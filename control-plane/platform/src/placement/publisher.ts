import { type SignedSnapshot, signSnapshot, type Snapshot } from "@kerf/call";
import type { Clock } from "@kerf/kernel";
import type { Placement } from "./snapshot-builder.ts";

/** How long a change waits for the acknowledgement of routers before the old place may go, in milliseconds. */
const acknowledgeBoundMs = 2_000;

/**
 * Least pause between two publications for each program that reads them, milliseconds: about what the signature, the text and the file cost each. A
 * hundred copies that come or go one after the other would otherwise be a hundred snapshots for a hundred programs.
 */
const readMs = 1;

/** Whoever routes by the snapshot, as far as the publisher cares. */
export interface Router {
  readonly attached: boolean;
  hasSeen(epoch: number, generation: number): boolean;
}

/** What a publisher works on. */
export interface PublisherOptions {
  readonly clock: Clock;
  readonly epoch: number;
  /** Private key (JWK) that snapshots are signed with. */
  readonly key: Readonly<Record<string, unknown>>;
  /** What is true now. */
  placement(): Placement;
  /** Who routes now. */
  routers(): readonly Router[];
  onPublish(snapshot: Snapshot, signed: SignedSnapshot): void;
}

/** A generation that somebody waits for. */
interface Awaited {
  readonly done: Promise<void>;
  /** Ends the wait when all of them route by it. */
  readonly check: (routers: readonly Router[]) => void;
}

/** Numbers, signs and hands out the placement; every change is one generation. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #listeners = new Set<() => void>();
  /** Who waits for acknowledgements, by generation. */
  readonly #waiting = new Map<number, Awaited>();
  #publishing: Promise<void> | undefined;
  readonly #opened = Promise.withResolvers<void>();
  #open = false;
  #scheduled = false;
  #published = "";
  #publishedAt = Number.NEGATIVE_INFINITY;
  #snapshot: Snapshot | undefined;
  #signed: SignedSnapshot | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** The newest snapshot; undefined before {@link open}. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  get signed(): SignedSnapshot | undefined {
    return this.#signed;
  }

  /** Publishes from now on. Until then what is true is not known. */
  open(): void {
    this.#open = true;
    this.#publish();
    this.#opened.resolve();
  }

  /** Publishes soon when something is different; changes of the same moment are one generation, with many programs those of a tenth of a second. */
  changed(): void {
    this.acknowledgement();
    if (!this.#open || this.#scheduled) return;
    this.#scheduled = true;
    const { clock, routers } = this.#options;
    const publish = (): void => {
      this.#scheduled = false;
      this.#publish();
    };
    const waitMs = this.#publishedAt + routers().length * readMs - clock.now();
    if (waitMs > 0) clock.after(waitMs, publish);
    else setImmediate(publish);
  }

  /** Calls `listener` at each new snapshot. */
  onSnapshot(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Looks again whether everyone has acknowledged what others wait for. */
  acknowledgement(): void {
    if (this.#waiting.size === 0) return;
    const routers = this.#options.routers();
    for (const { check } of this.#waiting.values()) check(routers);
  }

  /**
   * Publishes what is true now; resolves when everyone who is attached routes by it, or after 2 s. Before {@link open} nobody can be told: whoever is
   * to go because something took its place is what they route to until then.
   */
  async acknowledged(): Promise<void> {
    await this.#opened.promise;
    // A hundred copies that go at the same moment are one look at what is true, and one wait.
    this.#publishing ??= Promise.resolve().then(() => {
      this.#publishing = undefined;
      this.#publish();
    });
    await this.#publishing;
    const generation = this.#snapshot?.generation ?? 0;
    await (this.#waiting.get(generation) ?? this.#await(generation)).done;
  }

  #await(generation: number): Awaited {
    const { clock, epoch, routers } = this.#options;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      timer.cancel();
      this.#waiting.delete(generation);
      resolve();
    };
    const timer = clock.after(acknowledgeBoundMs, end);
    const check = (all: readonly Router[]): void => {
      if (!all.some((router) => router.attached && !router.hasSeen(epoch, generation))) end();
    };
    const awaited = { done, check };
    this.#waiting.set(generation, awaited);
    check(routers());
    return awaited;
  }

  #publish(): void {
    const placement = this.#options.placement();
    const text = JSON.stringify(placement);
    if (text === this.#published) return;
    this.#published = text;
    this.#publishedAt = this.#options.clock.now();
    const snapshot: Snapshot = {
      ...placement,
      epoch: this.#options.epoch,
      generation: (this.#snapshot?.generation ?? 0) + 1,
    };
    this.#snapshot = snapshot;
    this.#signed = signSnapshot(snapshot, this.#options.key);
    this.#options.onPublish(snapshot, this.#signed);
    for (const listener of this.#listeners) listener();
  }
}
