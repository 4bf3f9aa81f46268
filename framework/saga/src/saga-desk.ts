import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError } from "@kerf/kernel";
import type { SagaFailure, SagaState } from "./saga.ts";

/** Bound of one of its transactions, milliseconds. */
const transactionMs = 15_000;
/** Sagas in one list at most. */
const maxListed = 500;

/** A saga as operators see it in a list. */
export interface ListedSaga {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly state: SagaState;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly failure: SagaFailure | null;
  readonly problem: SagaFailure | null;
  readonly cancel: string | null;
}

/** One step as it was recorded. */
export interface ShownStep {
  readonly step: string;
  readonly kind: "do" | "undo";
  readonly declined: boolean;
  readonly pivot: boolean;
  readonly answer: unknown;
  readonly at: string;
}

/** All that is known of one saga. */
export interface ShownSaga extends ListedSaga {
  readonly input: unknown;
  readonly trace: string;
  readonly owner: string | null;
  readonly wakeAt: string;
  readonly waiting: unknown;
  readonly settled: unknown;
  readonly steps: readonly ShownStep[];
}

const listed = `id::text as id, name, version, state, started_at::text as "startedAt", ended_at::text as "endedAt",
  failure, problem, cancel`;

/** Where people look at the sagas of one service, and settle what does not settle itself. */
export class SagaDesk {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;

  constructor(database: ServiceDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** The newest first; only those in one state when it is given. */
  async list(state: string | undefined): Promise<ListedSaga[]> {
    const { rows } = await this.#reads().query<ListedSaga>(
      `select ${listed} from kerf.saga where $1::text is null or state = $1 order by started_at desc limit $2`,
      [state ?? null, maxListed],
    );
    return rows;
  }

  /** One saga with its steps, in the order in which they were recorded; undefined when there is none. */
  async show(id: string): Promise<ShownSaga | undefined> {
    const { rows } = await this.#reads().query<ShownSaga>(
      `select ${listed}, input, trace, waiting, settled, wake_at::text as "wakeAt",
          case when leased_until > now() then owner end as owner,
          coalesce((select json_agg(json_build_object('step', step, 'kind', kind, 'declined', declined, 'pivot', pivot,
            'answer', answer, 'at', at) order by position) from kerf.saga_step where saga = id), '[]') as steps
        from kerf.saga where id = $1`,
      [uuid(id)],
    );
    return rows[0];
  }

  /** Goes on with a stuck one where it stopped. Throws `conflict` when it is not stuck. */
  async retry(id: string): Promise<void> {
    await this.#in(async (transaction) => {
      const saga = await lock(transaction, id);
      if (saga.state !== "stuck") throw wrongState(saga, "tried again", "stuck");
      await transaction.raw.query(
        `update kerf.saga set state = coalesce(stuck_in, 'running'), problem = null, stuck_in = null, wake_at = now(),
            owner = null, leased_until = '-infinity', epoch = epoch + 1 where id = $1`,
        [id],
      );
    });
  }

  /**
   * Wants one undone, in the given transaction or one of its own: whoever runs it heeds that at its next step. Throws
   * `conflict` when it has ended, is being undone, or is beyond its pivot.
   */
  async cancel(id: string, reason: string, transaction?: CommandTransaction): Promise<void> {
    if (transaction === undefined) return this.#in((own) => this.cancel(id, reason, own));
    const saga = await lock(transaction, id);
    const isRunning =
      saga.state === "running" || (saga.state === "stuck" && saga.stuckIn === "running");
    if (!isRunning) throw wrongState(saga, "cancelled", "running");
    if (saga.beyondPivot) {
      throw new KerfError("conflict", {
        message: `The saga ${saga.name} ${id} is beyond its pivot: nothing is undone any more.`,
        fix: "Let it end, and make good what it did by another command.",
        retry: "never",
      });
    }
    // A stuck one has nothing under way whose outcome is unknown.
    const undoing = JSON.stringify({ code: "cancelled", message: reason });
    await transaction.raw.query(
      saga.state === "stuck"
        ? `update kerf.saga set cancel = $2, state = 'undoing', failure = $3, problem = null, stuck_in = null,
            wake_at = now(), owner = null, leased_until = '-infinity', epoch = epoch + 1 where id = $1`
        : `update kerf.saga set cancel = $2, wake_at = now() where id = $1 and $3::jsonb is not null`,
      [id, reason, undoing],
    );
  }

  /** Ends a stuck one by hand, with a note of what was done instead. Throws `conflict` when it is not stuck. */
  async resolve(id: string, note: string): Promise<void> {
    await this.#in(async (transaction) => {
      const saga = await lock(transaction, id);
      if (saga.state !== "stuck") throw wrongState(saga, "resolved", "stuck");
      await transaction.raw.query(
        `update kerf.saga set state = 'settled', ended_at = now(), epoch = epoch + 1,
            settled = jsonb_build_object('note', $2::text, 'at', now()) where id = $1`,
        [id, note],
      );
    });
  }

  /** The versions of which instances still run: `name version`, with how many. */
  async running(): Promise<
    { readonly name: string; readonly version: number; readonly count: number }[]
  > {
    const { rows } = await this.#reads().query<{ name: string; version: number; count: number }>(
      `select name, version, count(*)::int as count from kerf.saga
        where state in ('running', 'undoing', 'stuck') group by name, version order by name, version`,
    );
    return rows;
  }

  #reads() {
    return this.#database.reads({ deadline: this.#clock.now() + transactionMs }).raw;
  }

  #in<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, work);
  }
}

interface LockedSaga {
  readonly id: string;
  readonly name: string;
  readonly state: SagaState;
  readonly stuckIn: string | null;
  readonly beyondPivot: boolean;
}

async function lock({ raw }: CommandTransaction, id: string): Promise<LockedSaga> {
  const { rows } = await raw.query<Omit<LockedSaga, "beyondPivot">>(
    `select id::text as id, name, state, stuck_in as "stuckIn" from kerf.saga where id = $1 for update`,
    [uuid(id)],
  );
  const [saga] = rows;
  if (saga === undefined) {
    throw new KerfError("not_found", {
      message: `There is no saga ${id}.`,
      fix: "`kerf saga ls` lists them.",
    });
  }
  // Behind the lock: whoever records a step holds it too.
  const { rows: pivots } = await raw.query(
    "select from kerf.saga_step where saga = $1 and pivot limit 1",
    [id],
  );
  return { ...saga, beyondPivot: pivots.length > 0 };
}

function wrongState({ id, name, state }: LockedSaga, what: string, wanted: string): KerfError {
  return new KerfError("conflict", {
    message: `The saga ${name} ${id} is ${state} and cannot be ${what}.`,
    fix: `Only one that is ${wanted} can be.`,
    retry: "never",
  });
}

function uuid(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new KerfError("invalid_input", {
    message: `${JSON.stringify(id)} is no id of a saga.`,
    fix: "Give it as `kerf saga ls` prints it.",
  });
}
