import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "@kerf/kernel";
import { browse } from "./browse.ts";
import { bump } from "./bumps.ts";
import { Journal } from "./journal.ts";
import { order } from "./orders.ts";
import { Shopper } from "./shopper.ts";

/** Clients at once. */
const shoppers = 12;
/** Mean pause of a client between two things that it does, milliseconds: 20 to 40 requests a second in all. */
const pauseMs = 350;

/** Mixed load that goes on until it is stopped. */
export interface Load {
  readonly journal: Journal;
  /** Resolves when every client has finished what it was doing. */
  stop(): Promise<void>;
}

/** Signs everybody up and begins; what each client wants to do is drawn from the seed. */
export async function startLoad(url: string, seed: number): Promise<Load> {
  const journal = new Journal();
  const ending = new AbortController();
  const { signal } = ending;
  const crowd: Shopper[] = [];
  for (let i = 0; i < shoppers; i += 1) {
    const random = seededRandom(seed * 1_000 + i);
    crowd.push(await Shopper.signedUp(url, { random, journal, signal }));
  }
  const loops = crowd.map((shopper) => shop(shopper));
  return {
    journal,
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
