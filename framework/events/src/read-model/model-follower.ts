import { delay } from "@kerf/kernel";
import { Consumer, type ConsumerOptions } from "../consumers/consumer.ts";
import { inBuilding, ReadModel, type ReadModelParts } from "./read-model.ts";

/** Pause between two looks while nothing is being built, and while something is, milliseconds. */
const restMs = 10_000;
const buildMs = 250;
/** Pause after a failed build, milliseconds. */
const failedMs = 5_000;

/** What a follower is made of. */
export type ModelFollowerOptions = ConsumerOptions & ReadModelParts;

/** One instance of a consumer whose tables can be built anew: what serves goes on following while the new tables are built. */
export class ModelFollower {
  readonly #options: ModelFollowerOptions;
  readonly model: ReadModel;
  readonly live: Consumer;
  readonly #stopping = new AbortController();
  #building: Consumer | undefined;
  #nudge = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined;

  constructor(options: ModelFollowerOptions) {
    this.#options = options;
    this.model = new ReadModel(options);
    const { from: _, ...live } = options;
    this.live = new Consumer(live);
  }

  /** Runs the handler of one event in a transaction of whoever calls, on the tables that serve. */
  get apply(): ConsumerOptions["apply"] {
    return this.live.apply;
  }

  /** Idempotent. */
  start(): void {
    if (this.#ended !== undefined) return;
    this.live.start();
    this.#ended = this.#loop();
  }

  /** Ends after what is at hand. The caller bounds it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    await Promise.all([this.live.stop(), this.#building?.stop()]);
  }

  /** Builds the tables anew. */
  async rebuild(): Promise<void> {
    await this.model.rebuild();
    this.#nudge.resolve();
  }

  /** Builds the tables anew now and puts them in place, whatever the loop does; for tests. Throws what the seed throws. */
  async buildNow(): Promise<void> {
    const { signal } = this.#stopping;
    await this.model.rebuild();
    await this.model.seed(signal);
    await this.model.swap(signal);
  }

  async #loop(): Promise<void> {
    const { clock, log, producer } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let pause = failedMs;
      try {
        pause = (await this.#step()) ? restMs : buildMs;
      } catch (error) {
        if (signal.aborted) return;
        log.warn("a read model could not be built; it is tried again", { producer, error });
      }
      const over = new AbortController();
      await Promise.race([
        this.#nudge.promise,
        delay(clock, pause, AbortSignal.any([signal, over.signal])).catch(() => undefined),
      ]);
      over.abort();
      this.#nudge = Promise.withResolvers();
    }
  }

  /** One step towards tables that serve; answers whether they do. */
  async #step(): Promise<boolean> {
    const { signal } = this.#stopping;
    const { state } = await this.model.state();
    if (state === "following") {
      this.#building ??= this.#follow();
      if (!(await this.model.swap(signal))) return false;
    }
    await this.#building?.stop();
    this.#building = undefined;
    if (state === "seeding") {
      if (await this.model.seed(signal)) this.#nudge.resolve();
      return false;
    }
    if (state === "following") this.live.beatSoon();
    return true;
  }

  #follow(): Consumer {
    const { from: _, apply, ...options } = this.#options;
    const consumer = new Consumer({
      ...options,
      track: "building",
      apply: (event, transaction) => inBuilding((inside) => apply(event, inside))(transaction),
    });
    consumer.start();
    return consumer;
  }
}
