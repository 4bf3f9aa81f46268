import pg from "pg";
import type { ClonedDatabase } from "@kerf/data";
import type { ServiceName } from "../app/services.ts";
import type { Outcome } from "../runner/client.ts";

/** A saga as it came to its end. */
export interface FoundSaga {
  readonly id: string;
  readonly state: string;
  readonly label: string;
  readonly failure: { readonly message: string } | null;
  /** In the order in which they were recorded: `reserve`, `undo reserve`; declined ones as `settle declined`. */
  readonly steps: readonly string[];
}

/** An event of the wallet's log. */
export interface FoundEvent {
  readonly id: string;
  readonly account: string;
  readonly paid: number;
  readonly label: string;
}

const sagasAndSteps = `select id, state, input->>'label' as label, failure,
    array(select case kind when 'undo' then 'undo ' else '' end || step ||
        case when declined then ' declined' else '' end
      from kerf.saga_step where saga = s.id and kind in ('do', 'undo') order by position) as steps
  from kerf.saga s order by id`;

/** Everything that the services of a run have kept. Of a service that is not in the run: nothing. */
export interface Found {
  readonly services: readonly ServiceName[];
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly accounts: ReadonlyMap<string, { readonly balance: number; readonly paid: number }>;
  /** Labels, in the order of the effects. */
  readonly effects: readonly string[];
  readonly undoneSavepoints: number;
  readonly events: readonly FoundEvent[];
  readonly seen: readonly { account: string; paid: number; event: string }[];
  readonly parked: readonly { id: string; key: string }[];
  readonly purchases: readonly string[];
  readonly notes: readonly { label: string; what: string }[];
  readonly sagas: readonly FoundSaga[];
  /** Labels of the shop's events. */
  readonly packed: readonly string[];
  /** Ids of the events that were passed over, and under which key. */
  readonly skipped: readonly { id: string; key: string }[];
  /** How often the audit was told to begin anew; the greatest of its shards. */
  readonly generation: number;
  /** What the diary's schedules did, and its events as `schedule at half`. Times are ISO 8601. */
  readonly ticks: readonly { schedule: string; at: string }[];
  readonly ticked: readonly string[];
  /** Sagas of the billing, what was asked of it, and its notes as `label what`. */
  readonly bills: readonly FoundSaga[];
  readonly billsAsked: readonly string[];
  readonly billed: readonly string[];
  /** Labels of the ledger's entries. */
  readonly entries: readonly string[];
  /** Indexes of the ledger that an interrupted statement has left useless. */
  readonly brokenIndexes: readonly string[];
}

/** The databases of a run, looked at as their owners. */
export class Databases {
  readonly #pools: ReadonlyMap<string, pg.Pool>;

  /** Connects to nothing yet. */
  constructor(clones: ReadonlyMap<string, ClonedDatabase>) {
    const pools = new Map<string, pg.Pool>();
    for (const [name, { owner }] of clones) {
      const pool = new pg.Pool({ ...owner, ssl: false, max: 1 });
      // A database that is dropped ends its connections.
      pool.on("error", () => undefined);
      pools.set(name, pool);
    }
    this.#pools = pools;
  }

  /** Whether a service is in the run. */
  has(service: ServiceName): boolean {
    return this.#pools.has(service);
  }

  /** Rows of a service's database; none when it is not in the run. */
  async rows<Row extends object>(
    service: ServiceName,
    text: string,
    values: unknown[] = [],
  ): Promise<Row[]> {
    const pool = this.#pools.get(service);
    return pool === undefined ? [] : (await pool.query<Row>(text, values)).rows;
  }

  /** Everything as it is now. */
  async find(outcomes: ReadonlyMap<string, Outcome>): Promise<Found> {
    const column = async (service: ServiceName, text: string): Promise<string[]> =>
      (await this.rows<{ label: string }>(service, text)).map(({ label }) => label);
    const accounts = await this.rows<{ name: string; balance: number; paid: number }>(
      "wallet",
      "select name, balance, paid from account",
    );
    const [spoilt] = await this.rows<{ n: number }>(
      "wallet",
      "select count(*)::int as n from undone_savepoint",
    );
    const ticks = await this.rows<{ schedule: string; at: Date }>(
      "diary",
      "select schedule, at from tick order by n",
    );
    const [anew] = await this.rows<{ generation: number }>(
      "audit",
      "select max(generation) as generation from kerf.consumer_shard",
    );
    return {
      services: [...this.#pools.keys()] as ServiceName[],
      outcomes,
      accounts: new Map(accounts.map(({ name, ...account }) => [name, account])),
      effects: await column("wallet", "select label from effect order by n"),
      undoneSavepoints: spoilt?.n ?? 0,
      events: await this.rows(
        "wallet",
        `select id::text as id, payload->>'account' as account, (payload->>'paid')::int as paid,
            payload->>'label' as label from kerf.event e order by e.id`,
      ),
      seen: await this.rows(
        "audit",
        "select account, paid, event::text as event from seen order by n",
      ),
      parked: await this.rows(
        "audit",
        "select id::text as id, key from kerf.parked_event p order by p.id",
      ),
      purchases: await column("shop", "select label from purchase order by n"),
      notes: await this.rows("shop", "select label, what from note order by n"),
      skipped: await this.rows("audit", "select id::text as id, key from kerf.skipped_event s"),
      generation: anew?.generation ?? 0,
      ticks: ticks.map(({ schedule, at }) => ({ schedule, at: at.toISOString() })),
      ticked: await column(
        "diary",
        `select concat_ws(' ', payload->>'schedule', payload->>'at', payload->>'half') as label
          from kerf.event order by id`,
      ),
      sagas: await this.rows("shop", sagasAndSteps),
      bills: await this.rows("billing", sagasAndSteps),
      billsAsked: await column("billing", "select label from bill order by n"),
      billed: await column("billing", "select label || ' ' || what as label from note order by n"),
      entries: await column("ledger", "select label from entry order by n"),
      brokenIndexes: await column(
        "ledger",
        "select indexrelid::regclass::text as label from pg_index where not indisvalid",
      ),
      packed: await column("shop", "select payload->>'label' as label from kerf.event order by id"),
    };
  }

  /**
   * Lets the time pass for which whoever is dead holds what it has leased: every table of the platform that has `leased_until` and
   * `owner`, or `seen_until` and `instance`.
   */
  async expire(instance: string): Promise<void> {
    for (const client of this.#pools.values()) {
      const { rows } = await client.query<{ table: string; until: string; holder: string }>(
        `select u.table_name as table, u.column_name as until, h.column_name as holder
          from information_schema.columns u join information_schema.columns h using (table_schema, table_name)
          where u.table_schema = 'kerf'
            and (u.column_name, h.column_name) in (('leased_until', 'owner'), ('seen_until', 'instance'))`,
      );
      for (const { table, until, holder } of rows)
        await client.query(`update kerf.${table} set ${until} = '-infinity' where ${holder} = $1`, [
          instance,
        ]);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
  }
}
