import { KerfError, type TimerWheel } from "@kerf/kernel";

interface Waiting {
  readonly admit: () => void;
}

/** Bounds the requests under way to one upstream; a few more wait for their turn, in the order in which they came. */
export class Admission {
  readonly #upstream: string;
  readonly #wheel: TimerWheel;
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #queue = new Set<Waiting>();
  #inFlight = 0;

  constructor(upstream: string, wheel: TimerWheel, most: number, mostWaiting: number) {
    this.#upstream = upstream;
    this.#wheel = wheel;
    this.#most = most;
    this.#mostWaiting = mostWaiting;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  /** Lets one in at once, or says that it cannot. Whoever was let in leaves once. */
  tryEnter(): boolean {
    if (this.#inFlight >= this.#most) return false;
    this.#inFlight++;
    return true;
  }

  /** Waits for a place until `at` (monotonic milliseconds). Rejects with `overloaded` when too many wait, or it takes too long. */
  enter(at: number): Promise<void> {
    if (this.tryEnter()) return Promise.resolve();
    if (this.#queue.size >= this.#mostWaiting) return Promise.reject(this.#full());
    return new Promise((resolve, reject) => {
      const entry = this.#wheel.add(at, () => {
        this.#queue.delete(waiting);
        reject(this.#full());
      });
      const waiting: Waiting = {
        admit: () => {
          this.#wheel.remove(entry);
          resolve();
        },
      };
      this.#queue.add(waiting);
    });
  }

  leave(): void {
    const next = this.#queue.values().next();
    if (next.done === true) {
      this.#inFlight--;
      return;
    }
    // The place goes on to whoever waits: nobody can overtake.
    this.#queue.delete(next.value);
    next.value.admit();
  }

  #full(): KerfError {
    return new KerfError("overloaded", {
      message: `${this.#most} requests to ${this.#upstream} are under way; this one was not sent.`,
      why: `${this.#upstream} answers more slowly than it is asked.`,
      fix: "Add instances of it, or raise policies.maxInFlight if it can take more.",
    });
  }
}
