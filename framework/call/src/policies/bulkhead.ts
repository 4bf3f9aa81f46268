import { KerfError } from "@kerf/kernel";

/** Bounds how many calls one caller has under way to one service, so that one that hangs does not hold everything that the caller has. */
export class Bulkhead {
  readonly #service: string;
  readonly #most: number;
  #inFlight = 0;

  constructor(service: string, most: number) {
    this.#service = service;
    this.#most = most;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Throws `overloaded` when it is full; whoever was let in leaves once. */
  enter(): void {
    if (this.#inFlight < this.#most) {
      this.#inFlight++;
      return;
    }
    throw new KerfError("overloaded", {
      message: `${this.#most} calls to ${this.#service} are under way from this program; this one was not sent.`,
      why: `${this.#service} answers more slowly than it is called.`,
      fix: "Slow down, or add instances of its unit.",
    });
  }

  leave(): void {
    this.#inFlight--;
  }
}
