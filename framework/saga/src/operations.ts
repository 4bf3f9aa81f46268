import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError } from "@kerf/kernel";
import type { SagaFailure, SagaRow } from "./saga.ts";

/** Bound of one action, milliseconds. */
const actionMs = 10_000;
/** Sagas that a list shows at most. */
const longestList = 200;

/** A saga as a list shows it. Times are ISO 8601. */
export interface SagaSummary {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly state: SagaRow["state"] | "resolved";
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly failure: SagaFailure | null;
  /** The step that was recorded last. */
  readonly lastStep: string | null;
  /** Whether its end was asked for. */
  readonly cancelled: boolean;
}

/** What an operator did with a saga. */
export interface SagaNote {
  readonly at: string;
  readonly by: string;
  readonly action: "cancel" | "retry" | "resolve";
  readonly note?: string | undefined;
}

/** A step as it was recorded. */
export interface SagaStepDetail {
  readonly step: string;
  readonly kind: "do" | "undo" | "wait";
  readonly declined: boolean;
  readonly pivot: boolean;
  readonly answer: unknown;
  readonly at: string;
}

/** A saga in full. */
export interface SagaDetail extends SagaSummary {
  readonly input: unknown;
  readonly trace: string;
  /** Whoever works on it; null while nobody does. */
  readonly owner: string | null;
  /** Until when it is put aside. */
  readonly wakeAt: string | null;
  readonly cancel: unknown;
  readonly steps: readonly SagaStepDetail[];
  readonly notes: readonly SagaNote[];
}

/** Who does something with a saga, and why. */
export interface Acting {
  readonly by: string;
  readonly note?: string | undefined;
}

/** Told when a saga may go on otherwise than it did, and who asked for its end. */
export type Nudge = (id: string, cancelledBy?: Acting) => void;

const summary = `s.id, s.name, s.version, s.state, s.failure, s.cancel is not null as cancelled,
  to_json(s.started_at) #>> '{}' as "startedAt", to_json(s.ended_at) #>> '{}' as "endedAt",
  (select t.step from kerf.saga_step t where t.saga = s.id order by t.position desc limit 1) as "lastStep"`;

/** What operators, and commands of the service, do with its sagas. Whatever is changed is fenced off from whoever works on it. */
export class SagaOperations {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #nudge: Nudge;

  constructor(parts: { database: ServiceDatabase; clock: Clock; nudge: Nudge }) {
    this.#database = parts.database;
    this.#clock = parts.clock;
    this.#nudge = parts.nudge;
  }

  /** The newest first; without `all` only those that are not at their end. */
  async list({ all = false, name }: { all?: boolean; name?: string }): Promise<SagaSummary[]> {
    const { raw } = this.#reads();
    const { rows } = await raw.query<SagaSummary>(
      `select ${summary} from kerf.saga s
        where ($1 or s.state in ('running', 'undoing', 'stuck')) and ($2::text is null or s.name = $2)
        order by s.started_at desc limit ${longestList}`,
      [all, name ?? null],
    );
    return rows;
  }

  /** Those with this id, and those that were started with this text, such as the id of an order; the newest first, five at most. */
  async find(of: string): Promise<(SagaSummary & { readonly trace: string })[]> {
    const { raw } = this.#reads();
    const { rows } = await raw.query<SagaSummary & { readonly trace: string }>(
      `select ${summary}, s.trace from kerf.saga s
        where s.id::text = $1 or position($1 in s.input::text) > 0
        order by s.started_at desc limit 5`,
      [of],
    );
    return rows;
  }

  /** One saga with its steps; throws `not_found`. */
  async show(id: string): Promise<SagaDetail> {
    const { raw } = this.#reads();
    const { rows } = await raw.query<SagaDetail>(
      `select ${summary}, s.input, s.trace, s.owner, s.cancel, s.notes,
          case when s.owner is null and s.wake_at > now() then to_json(s.wake_at) #>> '{}' end as "wakeAt",
          coalesce((
            select json_agg(json_build_object('step', t.step, 'kind', t.kind, 'declined', t.declined,
                'pivot', t.pivot, 'answer', t.answer, 'at', t.at) order by t.position)
              from kerf.saga_step t where t.saga = s.id), '[]') as steps
        from kerf.saga s where s.id = $1`,
      [uuid(id)],
    );
    const [found] = rows;
    if (found === undefined) throw notFound(id);
    return found;
  }

  /**
   * Asks for the end of a saga, within a transaction or in one of its own: what was done is undone. Again it changes nothing.
   * Throws `not_found`, and `conflict` beyond the pivot or at its end.
   */
  async cancel(id: string, acting: Acting, given?: CommandTransaction): Promise<void> {
    if (given === undefined) return this.#own((own) => this.cancel(id, acting, own));
    const { raw } = given;
    const state = await this.#lock(given, id);
    if (state.state === "undoing" || state.state === "undone") return;
    if (state.state === "completed" || state.state === "resolved") {
      throw refused(
        id,
        `it is ${state.state} already.`,
        "Undo what it did by commands of your own.",
      );
    }
    if (state.stuckFrom === "undoing") {
      throw refused(
        id,
        "it is being undone already, and asks for an operator.",
        `Mend what keeps it from being undone, then: kerf saga retry ${id}`,
      );
    }
    // A statement of its own: it sees what was recorded before the lock was had.
    const { rows } = await raw.query<{ step: string }>(
      "select step from kerf.saga_step where saga = $1 and kind = 'do' and pivot and not declined limit 1",
      [id],
    );
    if (rows[0] !== undefined) {
      throw refused(
        id,
        `it is beyond its pivot ${JSON.stringify(rows[0].step)}: from there on nothing is undone.`,
        state.state === "stuck"
          ? `Let it go on (kerf saga retry ${id}), or settle it by hand: kerf saga resolve ${id} --note …`
          : "Let it come to its end, and undo what it did by commands of your own.",
      );
    }
    await raw.query(
      `update kerf.saga set cancel = coalesce(cancel, jsonb_strip_nulls(jsonb_build_object('at', now(), 'by', $2::text, 'note', $3::text))),
          wake_at = least(wake_at, now()), ${note("cancel")},
          state = 'running', stuck_from = null,
          owner = case when state = 'stuck' then null else owner end,
          epoch = case when state = 'stuck' then epoch + 1 else epoch end,
          leased_until = case when state = 'stuck' then '-infinity' else leased_until end
        where id = $1`,
      [id, acting.by, acting.note ?? null],
    );
    given.afterCommit(() => this.#nudge(id, acting));
  }

  /** Lets a stuck saga go on where it stopped. Throws `not_found`, and `conflict` when it is not stuck. */
  async retry(id: string, acting: Acting): Promise<void> {
    await this.#own(async (transaction) => {
      await this.#lockStuck(transaction, id, "be tried again");
      await transaction.raw.query(
        `update kerf.saga set state = stuck_from, stuck_from = null, owner = null, epoch = epoch + 1,
            leased_until = '-infinity', wake_at = now(), failure = failure -> 'undoing', ${note("retry")}
          where id = $1`,
        [id, acting.by, acting.note ?? null],
      );
      transaction.afterCommit(() => this.#nudge(id));
    });
  }

  /** Marks a stuck saga as settled by hand: nothing of it is done or undone any more. Throws like {@link retry}. */
  async resolve(id: string, acting: Acting & { readonly note: string }): Promise<void> {
    await this.#own(async (transaction) => {
      await this.#lockStuck(transaction, id, "be resolved");
      await transaction.raw.query(
        `update kerf.saga set state = 'resolved', ended_at = now(), ${note("resolve")} where id = $1`,
        [id, acting.by, acting.note],
      );
    });
  }

  async #lockStuck(transaction: CommandTransaction, id: string, what: string): Promise<void> {
    const { state } = await this.#lock(transaction, id);
    if (state === "stuck") return;
    throw new KerfError("conflict", {
      message: `The saga ${id} is ${state}: only one that is stuck can ${what}.`,
      fix: `See where it stands: kerf saga show ${id}`,
      retry: "never",
    });
  }

  async #lock(
    { raw }: CommandTransaction,
    id: string,
  ): Promise<{ state: SagaSummary["state"]; stuckFrom: string | null }> {
    const { rows } = await raw.query<{ state: SagaSummary["state"]; stuckFrom: string | null }>(
      `select state, stuck_from as "stuckFrom" from kerf.saga where id = $1 for no key update`,
      [uuid(id)],
    );
    if (rows[0] === undefined) throw notFound(id);
    return rows[0];
  }

  #own(work: (transaction: CommandTransaction) => Promise<void>): Promise<void> {
    return this.#database.inTransaction(this.#clock.now() + actionMs, work);
  }

  #reads(): ReturnType<ServiceDatabase["reads"]> {
    return this.#database.reads({ deadline: this.#clock.now() + actionMs });
  }
}

/** Adds to the notes; `$2` is who, `$3` why. */
function note(action: SagaNote["action"]): string {
  return `notes = notes || jsonb_build_array(jsonb_strip_nulls(
    jsonb_build_object('at', now(), 'by', $2::text, 'action', '${action}', 'note', $3::text)))`;
}

function uuid(id: string): string {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw notFound(id);
}

function notFound(id: string): KerfError {
  return new KerfError("not_found", {
    message: `There is no saga ${JSON.stringify(id)}.`,
    why: "Those at their end are kept for 30 days.",
    fix: "See which there are: kerf saga ls --all",
  });
}

function refused(id: string, why: string, fix: string): KerfError {
  return new KerfError("conflict", {
    message: `The saga ${id} cannot be cancelled.`,
    why: why[0]?.toUpperCase() + why.slice(1),
    fix,
    retry: "never",
  });
}
