import { Customer } from "./customer.ts";

/** One request of the load, as its client saw it. */
export interface Sample {
  /** Milliseconds since the load began. */
  at: number;
  path: string;
  /** HTTP status; 0 when there was no answer. */
  status: number;
  /** Milliseconds until the answer. */
  ms: number;
  error?: string;
}

/** Bounded load on some paths of the gateway: each path is asked for again and again, one request at a time. */
export class Load {
  readonly samples: Sample[] = [];
  readonly #began = performance.now();
  #going = true;
  readonly #loops: Promise<void>[];

  /** @param limitMs how long it may go on if nobody stops it */
  constructor(customer: Customer, paths: readonly string[], limitMs = 60_000) {
    this.#loops = paths.map((path) => this.#loop(customer, path, limitMs));
  }

  /** Milliseconds since the load began; marks a moment to compare samples with. */
  now(): number {
    return performance.now() - this.#began;
  }

  async stop(): Promise<readonly Sample[]> {
    this.#going = false;
    await Promise.all(this.#loops);
    return this.samples;
  }

  async #loop(customer: Customer, path: string, limitMs: number): Promise<void> {
    while (this.#going && this.now() < limitMs) {
      const at = this.now();
      let status = 0;
      let error: string | undefined;
      try {
        const answer = await customer.get(path);
        status = answer.status;
        if (status >= 500) error = JSON.stringify(answer.body);
      } catch (thrown) {
        error = String((thrown as Error).cause ?? thrown);
      }
      this.samples.push({
        at,
        path,
        status,
        ms: this.now() - at,
        ...(error === undefined ? undefined : { error }),
      });
      // About a hundred requests a second on each path: enough to meet every gap, little enough for two cores.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
