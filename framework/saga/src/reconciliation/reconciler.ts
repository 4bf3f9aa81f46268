import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, delay, describeError, KerfError, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { leaseMs } from "../saga-store.ts";
import { compare, type Difference, type Keyed, type Pages } from "./compare.ts";

/** Pause between two looks for one that was asked for, milliseconds. */
const lookMs = 10_000;
/** Bound of one of its transactions, milliseconds. */
const statementMs = 5_000;
/** Differences that a report keeps; it says how many there were when there are more. */
const maxKept = 1_000;
/** Keys between two beats of its lease. */
const beatEvery = 500;

/** A comparison with another service, as it is carried out. */
export interface ReconciliationDefinition<Row extends Keyed = any> {
  readonly name: string;
  /** What either side changed since then is not judged, milliseconds: it may still be on its way to the other. */
  readonly settleMs: number;
  readonly ours: Pages<Row>;
  readonly theirs: Pages<Row>;
  readonly same: (ours: Row, theirs: Row) => boolean;
  /** Mends one difference, under a key of its own; answers whether it could. */
  readonly repair:
    | ((difference: Difference<Row>, idempotencyKey: string) => Promise<boolean>)
    | undefined;
}

/** What a comparison found. */
export interface ReconciliationReport {
  readonly id: string;
  readonly name: string;
  readonly repair: boolean;
  readonly askedAt: string;
  readonly endedAt: string | null;
  /** Keys that either side has. */
  readonly compared: number | null;
  readonly differences: readonly (Difference & { readonly repaired: boolean })[] | null;
  readonly repaired: number | null;
  readonly failure: string | null;
}

/** What a reconciler is made of. */
export interface ReconcilerOptions {
  readonly definitions: readonly ReconciliationDefinition[];
  readonly instance: string;
  readonly database: ServiceDatabase;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

function isYoung({ ours, theirs }: Difference, settled: number): boolean {
  return [ours?.at, theirs?.at].some((at) => at !== undefined && Date.parse(at) > settled);
}

/** Carries out the comparisons of one service that are asked for, one instance at a time, and keeps their reports. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #stopping = new AbortController();
  #nudge = Promise.withResolvers<void>();
  #ended: Promise<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Idempotent. */
  start(): void {
    this.#ended ??= this.#loop();
  }

  /** Ends soon; what is under way is begun again by whoever is there. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  /** Asks for one, in the transaction that is given; nothing when one is under way. */
  async ask(transaction: CommandTransaction, name: string, repair: boolean): Promise<void> {
    await transaction.raw.query(
      "insert into kerf.reconciliation (name, repair) values ($1, $2) on conflict do nothing",
      [name, repair],
    );
    transaction.afterCommit(() => this.#nudge.resolve());
  }

  /** The newest report of each, or those of one. */
  async reports(name?: string): Promise<ReconciliationReport[]> {
    const { clock, database } = this.#options;
    const { rows } = await database
      .reads({ deadline: clock.now() + statementMs })
      .raw.query<ReconciliationReport>(
        `select distinct on (name) id::text as id, name, repair, asked_at::text as "askedAt", ended_at::text as "endedAt",
            compared::int as compared, differences, repaired, failure
          from kerf.reconciliation where $1::text is null or name = $1 order by name, id desc`,
        [name ?? null],
      );
    return rows;
  }

  /** Carries out what was asked for, when nobody else does; answers how many. */
  async runAsked(): Promise<number> {
    let done = 0;
    for (const definition of this.#options.definitions) if (await this.#run(definition)) done += 1;
    return done;
  }

  async #loop(): Promise<void> {
    const { clock, log, random } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        await this.runAsked();
      } catch (error) {
        if (!signal.aborted) log.warn("a reconciliation was left; it is begun again", { error });
      }
      const over = new AbortController();
      const paused = delay(
        clock,
        lookMs * (0.75 + random.next() / 2),
        AbortSignal.any([signal, over.signal]),
      );
      await Promise.race([this.#nudge.promise, paused.catch(() => undefined)]);
      over.abort();
      this.#nudge = Promise.withResolvers();
    }
  }

  async #run(definition: ReconciliationDefinition): Promise<boolean> {
    const { clock, log } = this.#options;
    const claimed = await this.#claim(definition.name);
    if (claimed === undefined) return false;
    const { id, epoch, repair } = claimed;
    const found: (Difference & { repaired: boolean })[] = [];
    let [compared, repaired, differing] = [0, 0, 0];
    let failure: string | undefined;
    try {
      const { ours, theirs, same } = definition;
      const settled = clock.wall() - definition.settleMs;
      for await (const difference of compare(ours, theirs, same)) {
        compared += 1;
        if (compared % beatEvery === 0) await this.#beat(id, epoch);
        this.#stopping.signal.throwIfAborted();
        if (difference === undefined || isYoung(difference, settled)) continue;
        differing += 1;
        const mended =
          repair && definition.repair !== undefined
            ? await definition.repair(difference, `reconcile:${id}:${difference.key}`)
            : false;
        if (mended) repaired += 1;
        if (found.length < maxKept) found.push({ ...difference, repaired: mended });
      }
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error;
      failure = describeError(error).slice(0, 4_000);
    }
    if (differing > maxKept) failure ??= `${differing} keys differ; the first ${maxKept} are kept.`;
    await this.#end(id, epoch, { compared, found, repaired, failure: failure ?? null });
    const level = differing > repaired || failure !== undefined ? "warn" : "info";
    log[level]("a reconciliation has ended", {
      reconciliation: definition.name,
      compared,
      differing,
      repaired,
      ...(failure === undefined ? undefined : { failure }),
    });
    return true;
  }

  async #claim(
    name: string,
  ): Promise<
    { readonly id: string; readonly epoch: string; readonly repair: boolean } | undefined
  > {
    const { clock, database, instance } = this.#options;
    const { rows } = await database.write<{ id: string; epoch: string; repair: boolean }>(
      clock.now() + statementMs,
      {
        text: `update kerf.reconciliation set owner = $2, epoch = epoch + 1, leased_until = now() + $3 * interval '1 millisecond'
        where name = $1 and ended_at is null and leased_until < now()
        returning id::text as id, epoch::text as epoch, repair`,
        values: [name, instance, leaseMs],
      },
    );
    return rows[0];
  }

  async #beat(id: string, epoch: string): Promise<void> {
    const { clock, database, instance } = this.#options;
    const { rowCount } = await database.write(clock.now() + statementMs, {
      text: `update kerf.reconciliation set leased_until = now() + $4 * interval '1 millisecond'
        where id = $1 and epoch = $2 and owner = $3`,
      values: [id, epoch, instance, leaseMs],
    });
    if (rowCount !== 1) throw staleLease(id);
  }

  async #end(
    id: string,
    epoch: string,
    report: {
      compared: number;
      found: readonly unknown[];
      repaired: number;
      failure: string | null;
    },
  ): Promise<void> {
    const { clock, database, instance } = this.#options;
    const { rowCount } = await database.write(clock.now() + statementMs, {
      text: `update kerf.reconciliation set ended_at = now(), compared = $4, differences = $5, repaired = $6, failure = $7
        where id = $1 and epoch = $2 and owner = $3`,
      values: [
        id,
        epoch,
        instance,
        report.compared,
        JSON.stringify(report.found),
        report.repaired,
        report.failure,
      ],
    });
    if (rowCount !== 1) throw staleLease(id);
  }
}

function staleLease(id: string): KerfError {
  return new KerfError("stale_lease", {
    message: `Another instance has taken over the reconciliation ${id}.`,
    why: "This one was not heard of for longer than its lease.",
    fix: "Nothing: the other one compares from the beginning.",
  });
}
