import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError } from "@kerf/kernel";
import type { SagaFailure, SagaRow, StepRow } from "./saga.ts";

/** How long a saga stays with an instance that is not heard of, milliseconds. */
export const leaseMs = 10_000;
/** Bound of one of its transactions, milliseconds. */
const transactionMs = 15_000;

const columns = "id, name, version, input, state, failure, trace, principal, epoch::text as epoch";

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

  /** Takes sagas that nobody works on and that are due; only of versions that this program has. */
  claim(
    versions: readonly { readonly name: string; readonly version: number }[],
    limit: number,
  ): Promise<SagaRow[]> {
    return this.transaction(async ({ raw }) => {
      const { rows } = await raw.query<SagaRow>(
        `update kerf.saga set owner = $1, epoch = epoch + 1, leased_until = now() + $2 * interval '1 millisecond'
          where id in (
            select id from kerf.saga
              where state in ('running', 'undoing') and wake_at <= now() and leased_until < now()
                and (name, version) in (select * from unnest($3::text[], $4::int[]))
              order by wake_at limit $5 for update skip locked)
          returning ${columns}`,
        [
          this.#instance,
          leaseMs,
          versions.map(({ name }) => name),
          versions.map(({ version }) => version),
          limit,
        ],
      );
      return rows;
    });
  }

  /** Keeps the leases of what is being worked on. */
  async beat(ids: readonly string[]): Promise<void> {
    await this.transaction(({ raw }) =>
      raw.query(
        `update kerf.saga set leased_until = now() + $3 * interval '1 millisecond'
          where id = any($1::uuid[]) and owner = $2 and leased_until > now()`,
        [ids, this.#instance, leaseMs],
      ),
    );
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
      `select step, kind, position::text as position, declined, answer
        from kerf.saga_step where saga = $1 order by position`,
      [id],
    );
    return rows;
  }

  /** Records a step in the given transaction, or in one of its own. Throws `stale_lease` when another instance has taken over. */
  async record(
    saga: SagaRow,
    row: Omit<StepRow, "position">,
    transaction?: CommandTransaction,
  ): Promise<string> {
    if (transaction === undefined) return this.transaction((own) => this.record(saga, row, own));
    const { rows } = await transaction.raw.query<{ position: string }>(
      `with fence as (select id from kerf.saga where id = $1 and epoch = $2 and owner = $3 for no key update)
        insert into kerf.saga_step (saga, step, kind, declined, answer)
        select id, $4, $5, $6, $7 from fence returning position::text as position`,
      [
        saga.id,
        saga.epoch,
        this.#instance,
        row.step,
        row.kind,
        row.declined,
        JSON.stringify(row.answer ?? null),
      ],
    );
    const [recorded] = rows;
    if (recorded === undefined) throw staleLease(saga);
    return recorded.position;
  }

  /** Moves a saga on to another state; ended ones are given back. */
  async move(saga: SagaRow, state: SagaRow["state"], failure: SagaFailure | null): Promise<void> {
    const { rowCount } = await this.transaction(({ raw }) =>
      raw.query(
        `update kerf.saga set state = $4, failure = coalesce($5, failure),
            ended_at = case when $4 in ('completed', 'undone') then now() end,
            owner = case when $4 = 'undoing' then owner end
          where id = $1 and epoch = $2 and owner = $3`,
        [
          saga.id,
          saga.epoch,
          this.#instance,
          state,
          failure === null ? null : JSON.stringify(failure),
        ],
      ),
    );
    if (rowCount !== 1) throw staleLease(saga);
  }

  /** Puts a saga aside until a time; whoever is first then goes on with it. */
  async sleepUntil(saga: SagaRow, wall: number): Promise<void> {
    const { rowCount } = await this.transaction(({ raw }) =>
      raw.query(
        `update kerf.saga set wake_at = to_timestamp($4::double precision / 1000), owner = null, leased_until = '-infinity'
          where id = $1 and epoch = $2 and owner = $3`,
        [saga.id, saga.epoch, this.#instance, wall],
      ),
    );
    if (rowCount !== 1) throw staleLease(saga);
  }

  /** Runs `work` in a transaction of its own and commits it. */
  transaction<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, work);
  }
}

function staleLease({ name, id }: SagaRow): KerfError {
  return new KerfError("stale_lease", {
    message: `Another instance has taken over the saga ${name} ${id}.`,
    why: "This one was not heard of for longer than its lease.",
    fix: "Nothing: what it was doing was refused, and the other instance goes on.",
  });
}
