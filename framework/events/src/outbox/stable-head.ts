import type { ServiceDatabase } from "@kerf/data";
import { type Clock, delay } from "@kerf/kernel";

/** Bound of each of its statements, milliseconds. */
const statementMs = 5_000;
/** First and longest pause while a transaction in progress holds the head back, milliseconds. */
const firstPauseMs = 1;
const longestPauseMs = 50;

/**
 * Up to which id a log is final. Ids are drawn before commits, so the newest committed one says nothing of those before it. What
 * holds: read the sequence's last value n, then take an xid X of one's own; once no transaction up to X is in progress, whoever drew an id up
 * to n has committed or never will.
 */
export class StableHead {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  #head = 0n;
  /** A last value, and the xid that was taken after it, that still has to become final. */
  #pending: { readonly last: bigint; readonly xid: bigint } | undefined;
  #looking: Promise<void> | undefined;

  constructor(database: ServiceDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** The newest id that is known to be final, as of the last look. */
  get known(): bigint {
    return this.#head;
  }

  /**
   * Looks, and answers what is final now; whoever asks meanwhile gets the same look. Waits up to `waitMs` for what is drawn
   * and not final yet.
   */
  async advance(waitMs: number, signal?: AbortSignal): Promise<bigint> {
    const end = this.#clock.now() + waitMs;
    for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
      await (this.#looking ??= this.#look().finally(() => (this.#looking = undefined)));
      if (this.#pending === undefined || this.#clock.now() + pause > end) return this.#head;
      await delay(this.#clock, pause, signal);
    }
  }

  async #look(): Promise<void> {
    const deadline = this.#clock.now() + statementMs;
    if (this.#pending === undefined) {
      const last = await this.#lastValue(deadline);
      if (last <= this.#head) return;
      this.#pending = { last, xid: await this.#ownXid(deadline) };
    }
    const { rows } = await this.#database
      .reads({ deadline })
      .raw.query<{ xmin: string }>("select pg_snapshot_xmin(pg_current_snapshot())::text as xmin");
    if (BigInt(rows[0]?.xmin ?? 0) <= this.#pending.xid) return;
    this.#head = this.#pending.last;
    this.#pending = undefined;
  }

  async #lastValue(deadline: number): Promise<bigint> {
    const { rows } = await this.#database
      .reads({ deadline })
      .raw.query<{ last: string }>(
        "select case when is_called then last_value else last_value - 1 end::text as last from kerf.event_id",
      );
    return BigInt(rows[0]?.last ?? 0);
  }

  /** Committed at once: what matters is that it was taken after the last value was read. */
  #ownXid(deadline: number): Promise<bigint> {
    return this.#database.inTransaction(deadline, async ({ raw }) => {
      const { rows } = await raw.query<{ xid: string }>("select pg_current_xact_id()::text as xid");
      return BigInt(rows[0]?.xid ?? 0);
    });
  }
}
