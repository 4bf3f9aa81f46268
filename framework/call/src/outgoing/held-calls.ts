import { type Clock, delay, KerfError, toKerfError } from "@kerf/kernel";
import type { Discovery } from "../discovery/discovery.ts";

/** Most calls of one program that wait for services which sleep: as many as would be in flight if these were slow. */
const maxHeld = 1_000;
/** How long one waits at most, milliseconds, whatever its deadline: the platform gives a start up after 30 s. */
const longestMs = 35_000;
/** Pause before the platform is told again that was away, milliseconds. */
const againMs = 250;
/** How a platform fails that is away, or there and does not know yet what runs; whatever else it says is its answer. */
const away = [
  "unavailable",
  "connection_lost",
  "deadline_exceeded",
  "not_ready",
  "unauthenticated",
  "cancelled",
];

/** Tells the platform that a service is called that sleeps. Resolves when a copy of it runs; rejects when none can be had. */
export type Wake = (service: string) => Promise<void>;

type Released = (error: KerfError | undefined) => void;

/**
 * The calls that wait for a service which sleeps. The first one has the platform told; all of them are let go when an instance is there, or refused when
 * none can be started. Bounded in number and time; each call's own deadline holds as well.
 */
export class HeldCalls {
  readonly #clock: Clock;
  readonly #discovery: Discovery;
  readonly #wake: Wake;
  /** By service. */
  readonly #waiting = new Map<string, Set<Released>>();
  readonly #forget: () => void;
  readonly #ended = new AbortController();
  #count = 0;

  constructor(options: { clock: Clock; discovery: Discovery; wake: Wake }) {
    this.#clock = options.clock;
    this.#discovery = options.discovery;
    this.#wake = options.wake;
    this.#forget = options.discovery.onChange(() => this.#look());
  }

  /** Whether a call of `service` is to be held when there is no instance of it. */
  sleeps(service: string): boolean {
    return this.#discovery.sleeps?.(service) === true;
  }

  /** Holds one call until `released` is told, which is never before this returns. Answers what takes it back. Throws `unavailable` when too many wait. */
  hold(service: string, released: Released): () => void {
    if (this.#count >= maxHeld) throw tooMany(service);
    const group = this.#waiting.get(service) ?? new Set<Released>();
    const takeBack = (): void => {
      if (!group.delete(end)) return;
      timer.cancel();
      this.#count--;
      if (group.size === 0 && this.#waiting.get(service) === group) this.#waiting.delete(service);
    };
    const end = (error: KerfError | undefined): void => {
      takeBack();
      released(error);
    };
    const timer = this.#clock.after(longestMs, () => end(tookTooLong(service)));
    this.#count++;
    group.add(end);
    if (group.size === 1) {
      this.#waiting.set(service, group);
      void this.#tell(service, group); // Never rejects.
    }
    return takeBack;
  }

  /** Lets go of everything: whoever still waits is refused. */
  stop(): void {
    this.#forget();
    this.#ended.abort();
    for (const service of this.#waiting.keys())
      this.#release(service, new KerfError("cancelled", "The caller stops."));
  }

  /** Has the platform told for as long as somebody waits: it may be away for a moment. */
  async #tell(service: string, group: ReadonlySet<Released>): Promise<void> {
    while (this.#waiting.get(service) === group) {
      try {
        await this.#wake(service);
        // The placement says it, or has said so already; of a platform that has only just come it may not be true yet.
        this.#look();
      } catch (thrown) {
        const error = toKerfError(thrown);
        if (this.#waiting.get(service) !== group) return;
        if (!away.includes(error.code)) return this.#release(service, notStarted(service, error));
      }
      await delay(this.#clock, againMs, this.#ended.signal).catch(() => {});
    }
  }

  /** Lets go of those whose service is awake. Where none is ready all the same, their next attempt says so. */
  #look(): void {
    for (const service of this.#waiting.keys()) {
      const isThere = this.#discovery.instancesOf(service).length > 0;
      if (isThere || !this.sleeps(service)) this.#release(service, undefined);
    }
  }

  #release(service: string, error: KerfError | undefined): void {
    const group = this.#waiting.get(service) ?? [];
    // Whoever is held from here on waits for something else.
    this.#waiting.delete(service);
    for (const released of group) released(error);
  }
}

function notStarted(service: string, cause: KerfError): KerfError {
  return new KerfError("unavailable", {
    message: `${service} sleeps, and no copy of it could be started.`,
    why: cause.message,
    fix: cause.fix ?? `Look at what it says: kerf status, kerf logs ${service}`,
    retry: "not-executed",
    cause,
  });
}

function tookTooLong(service: string): KerfError {
  return notStarted(
    service,
    new KerfError("unavailable", `No copy was ready within ${longestMs / 1_000} s.`),
  );
}

function tooMany(service: string): KerfError {
  return new KerfError("unavailable", {
    message: `${service} sleeps, and ${maxHeld} calls wait already.`,
    why: "A program keeps a bounded number of calls for services that are being started.",
    fix: "Try again in a moment.",
    retry: "not-executed",
  });
}
