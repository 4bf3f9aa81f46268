import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@kerf/kernel";
import { browse } from "./browse.ts";
import { bump } from "./bumps.ts";
import type { Journal } from "./journal.ts";
import { order } from "./orders.ts";
import { Shopper } from "./shopper.ts";

/** Mean pause of a client between two things that it does, milliseconds: a client makes two to four requests a second. */
const pauseMs = 350;

/** Mixed load that goes on until it is stopped. */
export interface Load {
  /** Resolves when every client has finished what it was doing. */
  stop(): Promise<void>;
}

/** How much, and who writes it down. */
export interface LoadOptions {
  readonly seed: number;
  /** Clients at once. */
  readonly shoppers: number;
  readonly journal: Journal;
}

/** Signs everybody up and begins; what each client wants to do is drawn from the seed. */
export async function startLoad(
  url: string,
  { journal, seed, shoppers }: LoadOptions,
): Promise<Load> {
  const ending = new AbortController();
  const { signal } = ending;
  const crowd: Shopper[] = [];
  for (let i = 0; i < shoppers; i += 1) {
    const random = seededRandom(seed * 1_000 + i);
    crowd.push(await Shopper.signedUp(url, { random, journal, signal }));
  }
  const loops = crowd.map((shopper) => shop(shopper));
  return {
    async stop() {
      ending.abort();
      await Promise.all(loops);
    },
  };
}

async function shop(shopper: Shopper): Promise<void> {
  const { journal, random, signal } = shopper;
  while (!signal.aborted) {
    const wish = random.next();
    try {
      await (wish < 0.55 ? browse : wish < 0.8 ? order : bump)(shopper);
    } catch (thrown) {
      // An answer of a shape that nobody promised.
      journal.isWrong("an answer that a client could not read", String(thrown));
    }
    await sleep(random.next() * 2 * pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
