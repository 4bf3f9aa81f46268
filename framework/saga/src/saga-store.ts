import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";
import type { SagaRow, StepRow } from "./saga.ts";
import { staleLease } from "./stale-lease.ts";
import { StepWriter } from "./step-writer.ts";

/** How long a saga stays with an instance that is not heard of, milliseconds. */
export const leaseMs = 10_000;
/** Bound of one of its transactions, milliseconds. */
const transactionMs = 15_000;

const columns =
  "id, name, version, input, state, failure, cancel, trace, principal, epoch::text as epoch";

/** Every statement on sagas. All that write check the owner's epoch in the same statement, or under its row's lock. */
export class SagaStore {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #instance: string;
  /** What the sagas at work here have done, written together. */
  readonly writer: StepWriter;

  constructor(database: ServiceDatabase, clock: Clock, instance: string) {
    this.writer = new StepWriter(database, clock, instance);
    this.#database = database;
    this.#clock = clock;
    this.#instance = instance;
  }

  /** Inserts a saga in a command's transaction, leased by this instance from the start. */
  async insert(
    transaction: CommandTransaction,
    saga: Pick<SagaRow, "id" | "name" | "version" | "input" | "trace" | "principal">,
  ): Promise<void> {
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
   * run would find its own epoch outdated.
   */
  claim(
    versions: readonly { readonly name: string; readonly version: number }[],
    limit: number,
    live: readonly string[],
  ): Promise<SagaRow[]> {
    return this.transaction(async ({ raw }) => {
      const { rows } = await raw.query<SagaRow>(
        `update kerf.saga set owner = $1, epoch = epoch + 1, waiting = null, leased_until = now() + $2 * interval '1 millisecond'
          where id = any(array(
            select id from kerf.saga
              where state in ('running', 'undoing') and wake_at <= now() and leased_until < now()
                and (name, version) in (select * from unnest($3::text[], $4::int[])) and id <> all($6::uuid[])
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

  /** Keeps the leases of what is being worked on; answers those that somebody wants undone. */
  async beat(ids: readonly string[]): Promise<{ readonly id: string; readonly cancel: string }[]> {
    const { rows } = await this.#database.write<{ id: string; cancel: string }>(
      this.#clock.now() + transactionMs,
      `with beat as (
          update kerf.saga set leased_until = now() + $3 * interval '1 millisecond'
            where id = any($1::uuid[]) and owner = $2 and leased_until > now() returning id, cancel
        )
        select id::text as id, cancel from beat where cancel is not null`,
      [ids, this.#instance, leaseMs],
    );
    return rows;
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
      `select step, kind, declined, pivot, answer
        from kerf.saga_step where saga = $1 order by position`,
      [id],
    );
    return rows;
  }

  /**
   * Records a step in the transaction of its own work. Throws `stale_lease` when another instance has taken over, and
   * {@link AlreadyRecorded} when it is there: then the transaction is to be rolled back.
   */
  async record(saga: SagaRow, row: StepRow, transaction: CommandTransaction): Promise<void> {
    const { rows } = await transaction.raw.query<{
      fenced: boolean;
      cancel: string | null;
      written: boolean;
    }>(
      `with fence as (
          select id, cancel from kerf.saga where id = $1 and epoch = $2 and owner = $3 for no key update
        ), written as (
          insert into kerf.saga_step (saga, step, kind, declined, pivot, answer)
          select id, $4, $5, $6, $7, $8 from fence on conflict do nothing returning true
        )
        select exists (select from fence) as fenced, (select cancel from fence) as cancel,
          exists (select from written) as written`,
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
    const [{ fenced, cancel, written }] = rows as [(typeof rows)[0]];
    if (!fenced) throw staleLease(saga);
    if (!written) throw new AlreadyRecorded();
    // Whoever asked for it was told that it is not beyond its pivot yet.
    if (row.pivot && cancel !== null) throw new CancelledSaga(cancel);
  }

  /** The first event of a kind that has come since the saga began. */
  async signalFor(
    saga: SagaRow,
    { producer, event, key }: AwaitedEvent,
  ): Promise<{ readonly payload: unknown } | undefined> {
    const { raw } = this.#database.reads({ deadline: this.#clock.now() + transactionMs });
    const { rows } = await raw.query<{ payload: unknown }>(
      `select g.payload from kerf.saga s join kerf.saga_signal g on g.received_at >= s.started_at
        where s.id = $1 and g.producer = $2 and g.event = $3 and g.key = $4 order by g.id limit 1`,
      [saga.id, producer, event, key],
    );
    return rows[0];
  }

  /**
   * Puts a saga aside until a time, or until one of these events comes; whoever is first then goes on with it. Answers false
   * and changes nothing when one has come meanwhile.
   */
  putAside(saga: SagaRow, wall: number, awaited: readonly AwaitedEvent[]): Promise<boolean> {
    return this.transaction(async ({ raw }) => {
      for (const { producer, event, key } of awaited.toSorted((a, b) =>
        lockOf(a) < lockOf(b) ? -1 : 1,
      ))
        await raw.query(lockSignal, [lockOf({ producer, event, key })]);
      const { rows } = await raw.query<{ held: boolean; come: boolean }>(
        `with come as (
            select from kerf.saga s join kerf.saga_signal g on g.received_at >= s.started_at
              join jsonb_to_recordset($4::jsonb) as a(producer text, event text, key text)
                on g.producer = a.producer and g.event = a.event and g.key = a.key
              where s.id = $1 limit 1
          ), held as (
            update kerf.saga set waiting = nullif($4::jsonb, '[]'), wake_at = to_timestamp($5::double precision / 1000),
                owner = null, leased_until = '-infinity'
              where id = $1 and epoch = $2 and owner = $3 and not exists (select from come) returning true
          )
          select exists (select from come) as come, exists (select from held) as held`,
        [saga.id, saga.epoch, this.#instance, JSON.stringify(awaited), wall],
      );
      const [{ come, held }] = rows as [{ held: boolean; come: boolean }];
      if (!come && !held) throw staleLease(saga);
      return held;
    });
  }

  /** Keeps an event that sagas may wait for, in the transaction of its consumer, and wakes those that do. */
  async signal(
    { raw }: CommandTransaction,
    { producer, event, key }: AwaitedEvent,
    id: string,
    payload: unknown,
  ): Promise<void> {
    await raw.query(lockSignal, [lockOf({ producer, event, key })]);
    await raw.query(
      `with kept as (
          insert into kerf.saga_signal (producer, event, key, id, payload) values ($1, $2, $3, $4, $5) on conflict do nothing
        )
        update kerf.saga set wake_at = now(), waiting = null
          where state = 'running' and waiting @> $6::jsonb`,
      [
        producer,
        event,
        key,
        id,
        JSON.stringify(payload ?? null),
        JSON.stringify([{ producer, event, key }]),
      ],
    );
  }

  /** Runs `work` in a transaction of its own and commits it. */
  transaction<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, work);
  }
}

/** An event that a saga waits for. */
export interface AwaitedEvent {
  readonly producer: string;
  readonly event: string;
  readonly key: string;
}

/** Ends a transaction whose step was recorded before: its first COMMIT arrived after all. */
export class AlreadyRecorded extends Error {}

/** Somebody wants the saga undone. */
export class CancelledSaga extends Error {}

/** Whoever looks for an event, and whoever brings it, come one after the other. */
const lockSignal = "select pg_advisory_xact_lock(hashtextextended($1, 0))";

function lockOf({ producer, event, key }: AwaitedEvent): string {
  return `kerf saga signal ${producer} ${event} ${key}`;
}
