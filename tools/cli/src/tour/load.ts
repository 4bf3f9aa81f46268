import { setTimeout as wait } from "node:timers/promises";
import { NotAsPromised } from "./act.ts";
import { eventually } from "./eventually.ts";
import { text, type Answer, type Visitor } from "./visitor.ts";

/** What is asked for again and again, one request at a time each. */
const paths = ["/products?limit=5", "/inventory/saw-tenon", "/search?q=saw", "/home"];
/** Pause after a request, and after an order, milliseconds: together about a hundred requests a second, ten of them orders. */
const pauseMs = 25;
const orderPauseMs = 100;
/** It ends by itself after this long, milliseconds. */
const longestMs = 180_000;
/** Requests before a change begins and after it has ended, so that what it does is seen against something. */
const aside = 150;
/** How long these may take, milliseconds. */
const asideMs = 30_000;
/** Failures that are told in full. */
const mostTold = 3;

/** What clients saw of a load. */
export interface LoadSeen {
  readonly requests: number;
  /** In words; as many as there were. */
  readonly failures: readonly string[];
  /** Ids of the orders that were accepted. */
  readonly orders: readonly string[];
}

/** Runs `change` while clients go on asking and ordering; answers what both came to. The load ends however the change does. */
export async function underLoad<T>(
  visitor: Visitor,
  signal: AbortSignal,
  change: () => Promise<T>,
): Promise<{ readonly changed: T; readonly seen: LoadSeen }> {
  const load = new Load(visitor);
  try {
    await load.answered(aside, signal);
    const changed = await change();
    await load.answered(aside, signal);
    return { changed, seen: await load.stop() };
  } finally {
    await load.stop();
  }
}

/** Throws when a request of a load failed, with the first of them. */
export function assertNoneFailed({ failures, requests }: LoadSeen): void {
  if (failures.length === 0) return;
  throw new NotAsPromised(
    `${failures.length} of ${requests} requests failed: ${failures.slice(0, mostTold).join("; ")}`,
  );
}

class Load {
  #requests = 0;
  readonly #failures: string[] = [];
  readonly #orders: string[] = [];
  readonly #ending = new AbortController();
  readonly #loops: Promise<unknown>;

  constructor(visitor: Visitor) {
    this.#loops = Promise.all([
      ...paths.map((path) => this.#again(pauseMs, `GET ${path}`, () => visitor.get(path))),
      this.#again(orderPauseMs, "POST /orders", () => visitor.order("card-ok")),
    ]);
  }

  /** Resolves when so many more requests were answered. */
  async answered(count: number, signal: AbortSignal): Promise<void> {
    const target = this.#requests + count;
    const bounds = { withinMs: asideMs, signal };
    await eventually("the shop answers", bounds, () =>
      Promise.resolve(this.#requests >= target ? true : undefined),
    );
  }

  /** Ends it once every request is answered. */
  async stop(): Promise<LoadSeen> {
    this.#ending.abort();
    await this.#loops;
    return { requests: this.#requests, failures: this.#failures, orders: this.#orders };
  }

  async #again(pause: number, what: string, ask: () => Promise<Answer>): Promise<void> {
    const { signal } = this.#ending;
    const end = performance.now() + longestMs;
    while (!signal.aborted && performance.now() < end) {
      const answer = await ask();
      this.#requests += 1;
      if (answer.status < 200 || answer.status > 299)
        this.#failures.push(`${what} answered ${text(answer)}`);
      else if (answer.status === 202) this.#orders.push(answer.body.id);
      await wait(pause, undefined, { signal }).catch(() => {});
    }
  }
}
