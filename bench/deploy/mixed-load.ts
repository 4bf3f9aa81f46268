import { randomUUID } from "node:crypto";
import { type Due, openLoop, type Sample } from "kerf-tests/faults/load/open-loop";
import { DeployJournal } from "kerf-tests/soak/deploy-journal";
import { startLoad } from "kerf-tests/workload/load/load";

/** Of a hundred requests: so many commands; the rest are queries. */
const commands = 15;
/** Clients beside it that order, which starts sagas, and watch their orders, which are streams: about 4 requests a second each. */
const shoppers = 8;
const seed = 1;
const perShopper = 4;

const queries = ["/products/rule-steel", "/inventory/saw-tenon", "/search?q=saw"];

/** Requests at a constant rate, each at its time whatever became of those before, and clients with sagas and streams beside them. */
export class MixedLoad {
  readonly samples: Sample[] = [];
  readonly journal = new DeployJournal();
  #began = performance.now();
  readonly #ending = new AbortController();
  #ended: Promise<unknown> = Promise.resolve();

  /** Goes on until `stop`, at most `seconds`. `rate`: requests a second, of all kinds. */
  static async start(url: string, rate: number, seconds: number): Promise<MixedLoad> {
    const load = new MixedLoad();
    const { journal } = load;
    const beside = await startLoad(url, { seed, shoppers, journal });
    load.#began = performance.now();
    const open = openLoop(
      url,
      rate - shoppers * perShopper,
      seconds,
      requestAt,
      (sample) => load.samples.push(sample),
      load.#ending.signal,
    );
    load.#ended = open.finally(() => beside.stop());
    return load;
  }

  /** Milliseconds since it began. */
  now(): number {
    return performance.now() - this.#began;
  }

  /** Everything that failed, as its client saw it. */
  failures(): string[] {
    const asked = this.samples
      .filter(({ status }) => status !== 200)
      .map(({ at, error, kind, status }) => `${at.toFixed(0)} ms: ${kind} ${status} ${error}`);
    const watched = this.journal.seen.map(({ during, kind }) => `${during}: ${kind}`);
    const wrong = this.journal.wrong.map(({ at, what }) => `${at}: ${what}`);
    return [...asked, ...watched, ...wrong];
  }

  /** Resolves when everything under way has its answer. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }
}

function requestAt(n: number): Due<"query" | "command"> {
  if (n % 100 >= commands)
    return { kind: "query", method: "GET", path: queries[n % queries.length] as string };
  return {
    kind: "command",
    method: "POST",
    path: `/counters/bench-${n % 97}/bumps`,
    headers: { "content-type": "application/json", "idempotency-key": randomUUID() },
    body: JSON.stringify({ mark: `bench ${n}` }),
  };
}
