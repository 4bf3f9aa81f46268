import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError, type Trace } from "@kerf/kernel";
import { findSignal } from "./signals.ts";
import type { Cancellation, SagaRow, StepRow } from "./saga.ts";

/** How long a saga stays with an instance that is not heard of, milliseconds. */
export const leaseMs = 10_000;
/** Bound of one of its transactions, milliseconds. */
const transactionMs = 15_000;

/** A saga as a command starts it. */
export type NewSaga = Pick<SagaRow, "id" | "name" | "version" | "input" | "trace" | "principal">;

const columns =
  "id, name, version, input, state, failure, trace, principal, epoch::text as epoch, cancel";

/** Every statement on sagas. All that write check the owner's epoch in the same statement, or under its row's lock. */
export class SagaStore {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #instance: string;

  constructor(database: ServiceDatabase, clock: Clock, instance: string) {
    this.#database = database;
    this.#clock = clock;
    this.#instance = instance;
  }

  /** Inserts a saga in a command's transaction, leased by this instance from the start. */
  async insert(transaction: CommandTransaction, saga: NewSaga): Promise<void> {
    await transaction.raw.query(
      `insert into kerf.saga (id, name, version, input, trace, principal, owner, leased_until)
        values ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 millisecond')`,
      [
        saga.id,
        saga.name,
        saga.version,
        JSON.stringify(saga.input),
        saga.trace,
        saga.principal === null ? null : JSON.stringify(saga.principal),
        this.#instance,
        leaseMs,
      ],
    );
  }

  /**
   * Takes sagas that nobody works on and that are due; only of versions that this program has, and none that it works on itself: that
   * run has the old epoch, and would keep the new lease alive without ever writing again.
   */
  claim(
    versions: readonly { readonly name: string; readonly version: number }[],
    limit: number,
    live: readonly string[],
  ): Promise<SagaRow[]> {
    return this.transaction(async ({ raw }) => {
      const { rows } = await raw.query<SagaRow>(
        `update kerf.saga set owner = $1, epoch = epoch + 1, leased_until = now() + $2 * interval '1 millisecond'
          where id = any(array(
            select id from kerf.saga
              where state in ('running', 'undoing') and wake_at <= now() and leased_until < now()
                and (name, version) in (select * from unnest($3::text[], $4::int[]))
                and id <> all($6::uuid[])
              order by wake_at limit $5 for update skip locked))
          returning ${columns}`,
        [
          this.#instance,
          leaseMs,
          versions.map(({ name }) => name),
          versions.map(({ version }) => version),
          limit,
          live,
        ],
      );
      return rows;
    });
  }

  /** Keeps the leases of what is being worked on; answers those that are still ours, and whether their end was asked for. */
  async beat(ids: readonly string[]): Promise<{ id: string; cancel: Cancellation | null }[]> {
    return this.transaction(async ({ raw }) => {
      const { rows } = await raw.query<{ id: string; cancel: Cancellation | null }>(
        `update kerf.saga set leased_until = now() + $3 * interval '1 millisecond'
          where id in (
            select id from kerf.saga where id = any($1::uuid[]) and owner = $2 order by id for no key update)
          returning id, cancel`,
        [ids, this.#instance, leaseMs],
      );
      return rows;
    });
  }

  /** Gives sagas back, so that the others need not wait for their leases to run out. */
  async release(ids: readonly string[]): Promise<void> {
    await this.transaction(({ raw }) =>
      raw.query(
        `update kerf.saga set owner = null, epoch = epoch + 1, leased_until = '-infinity'
          where id = any($1::uuid[]) and owner = $2`,
        [ids, this.#instance],
      ),
    );
  }

  /** The steps that are recorded, in the order in which they were. */
  async steps(id: string): Promise<StepRow[]> {
    const { raw } = this.#database.reads({ deadline: this.#clock.now() + transactionMs });
    const { rows } = await raw.query<StepRow>(
      `select step, kind, declined, pivot, answer from kerf.saga_step where saga = $1 order by position`,
      [id],
    );
    return rows;
  }

  /**
   * Records a step in the transaction of its own effect. Answers whether the end of the saga was asked for. Throws `stale_lease`
   * when another instance has taken over.
   */
  async record(saga: SagaRow, row: StepRow, { raw }: CommandTransaction): Promise<boolean> {
    const { rows } = await raw.query<{ cancelled: boolean }>(
      `with fence as (
          select id, cancel is not null as cancelled from kerf.saga
            where id = $1 and epoch = $2 and owner = $3 for no key update),
        step as (
          insert into kerf.saga_step (saga, step, kind, declined, pivot, answer)
            select id, $4, $5, $6, $7, $8 from fence)
        select cancelled from fence`,
      [
        saga.id,
        saga.epoch,
        this.#instance,
        row.step,
        row.kind,
        row.declined,
        row.pivot,
        JSON.stringify(row.answer ?? null),
      ],
    );
    const [fence] = rows;
    if (fence === undefined) throw staleLease(saga);
    return fence.cancelled;
  }

  /**
   * Puts a saga aside until a time (infinite: until a signal comes); whoever is first then goes on with it. At once, when a signal
   * has come meanwhile or its end was asked for.
   */
  async putAside(saga: SagaRow, wall: number): Promise<void> {
    const until = Number.isFinite(wall) ? wall / 1_000 : null;
    const { rowCount } = await this.transaction(({ raw }) =>
      raw.query(
        `update kerf.saga set owner = null, leased_until = '-infinity', woken = false,
            wake_at = case when woken or cancel is not null then now()
              else coalesce(to_timestamp($4::double precision), 'infinity') end
          where id = $1 and epoch = $2 and owner = $3`,
        [saga.id, saga.epoch, this.#instance, until],
      ),
    );
    if (rowCount !== 1) throw staleLease(saga);
  }

  /** Whether a step was recorded by a transaction whose COMMIT was not answered; it is over when this has its row's lock. */
  committed(saga: SagaRow, step: string, kind: StepRow["kind"]): Promise<StepRow | undefined> {
    return this.transaction(async ({ raw }) => {
      await raw.query("select from kerf.saga where id = $1 for no key update", [saga.id]);
      const { rows } = await raw.query<StepRow>(
        `select step, kind, declined, pivot, answer from kerf.saga_step
          where saga = $1 and step = $2 and kind = $3`,
        [saga.id, step, kind],
      );
      return rows[0];
    });
  }

  /**
   * Looks for what a step waits for, and records what came of it: the signal, or that none came in time. Else answers until when
   * it waits (milliseconds since 1970-01-01 UTC), which was decided when it first did.
   */
  lookForSignal(
    saga: SagaRow,
    step: string,
    topic: string,
    timeoutMs: number,
  ): Promise<{ until: number } | { row: StepRow; cancelled: boolean }> {
    return this.transaction(async (transaction) => {
      const { raw } = transaction;
      const plain = { step, declined: false, pivot: false };
      const found = await findSignal(transaction, saga.id, topic);
      const { rows } = await raw.query<{ until: number }>(
        `select (answer ->> 'until')::float8 as until from kerf.saga_step
          where saga = $1 and step = $2 and kind = 'wait'`,
        [saga.id, step],
      );
      const known = rows[0]?.until;
      const until = known ?? this.#clock.wall() + timeoutMs;
      if (found === undefined && this.#clock.wall() < until) {
        const answer = { topic, until };
        if (known === undefined) {
          await this.record(saga, { ...plain, kind: "wait", answer }, transaction);
        }
        return { until };
      }
      const answer =
        found === undefined ? { topic } : { topic, signal: found.id, payload: found.payload };
      const row = { ...plain, kind: "do" as const, answer };
      return { row, cancelled: await this.record(saga, row, transaction) };
    });
  }

  /** A transaction of a step's own, below its span; whoever asks for it settles it. */
  open(trace: Trace): CommandTransaction {
    return this.#database.transaction({
      deadline: this.#clock.now() + transactionMs,
      trace: trace.sampled ? trace : undefined,
      counted: true,
    });
  }

  /** Runs `work` in a transaction of its own and commits it. */
  transaction<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, work);
  }
}

/** Another instance has taken over: what this one writes is refused. */
export function staleLease({ name, id }: SagaRow): KerfError {
  return new KerfError("stale_lease", {
    message: `Another instance has taken over the saga ${name} ${id}.`,
    why: "This one was not heard of for longer than its lease.",
    fix: "Nothing: what it was doing was refused, and the other instance goes on.",
  });
}
