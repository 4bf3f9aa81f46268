import { setTimeout as sleep } from "node:timers/promises";
import { ask, type Asked, type Seen } from "../workload/load/ask.ts";

/** A request that is not answered as it should be. */
export interface LoadFailure {
  /** RFC 3339. */
  readonly at: string;
  readonly path: string;
  readonly kind: string;
}

/** Pause of one client between two requests, milliseconds. */
const pauseMs = 20;

/** A few clients that ask in turn for what they are given, until they are stopped; each failure is kept. */
export class LightLoad {
  readonly failures: LoadFailure[] = [];
  /** Good answers by path. */
  readonly answered = new Map<string, number>();
  readonly #url: string;
  readonly #requests: readonly Asked[];
  readonly #done: Promise<unknown>;
  #stopping = false;
  #next = 0;
  #keys = 0;

  constructor(url: string, requests: readonly Asked[], clients = 2) {
    this.#url = url;
    this.#requests = requests;
    this.#done = Promise.all(Array.from({ length: clients }, () => this.#ask()));
  }

  /** Resolves when every request has its answer. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async #ask(): Promise<void> {
    while (!this.#stopping) {
      const asked = this.#requests[this.#next++ % this.#requests.length] as Asked;
      const key = asked.method === "POST" ? { key: `load-${process.pid}-${this.#keys++}` } : {};
      const seen: Seen = await ask(this.#url, { ...asked, ...key });
      const { path } = asked;
      if (seen.kind === "") this.answered.set(path, (this.answered.get(path) ?? 0) + 1);
      else this.failures.push({ at: new Date().toISOString(), path, kind: seen.kind });
      await sleep(pauseMs);
    }
  }
}
