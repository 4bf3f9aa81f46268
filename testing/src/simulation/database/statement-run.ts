import { ServerError } from "./errors.ts";
import type { SimulatedServer } from "./server.ts";
import { type Database, Row, type Table, type Tuple } from "./table.ts";
import type { Transaction } from "./transaction.ts";

/** What a statement answers, as the driver gives it. */
export interface StatementAnswer {
  readonly command: string;
  readonly rows: readonly Tuple[];
  readonly rowCount: number;
}

/** A statement yields the transaction whose end it waits for, or undefined where others may come in between. */
export type Steps<T> = Generator<Transaction | undefined, T>;

/** A statement of the engines, in JavaScript. `values` are what the driver is given. */
export type StatementWork = (run: StatementRun, values: readonly any[]) => Steps<StatementAnswer>;

/** Makes an answer. */
export function answer(
  command: string,
  rows: readonly Tuple[] = [],
  rowCount: number = rows.length,
): StatementAnswer {
  return { command, rows, rowCount };
}

/** One statement at work: the snapshot that it began with (read committed), and its transaction. */
export class StatementRun {
  readonly server: SimulatedServer;
  readonly database: Database;
  readonly transaction: Transaction;
  /** Number of the last commit that it sees. */
  readonly snapshot: number;

  constructor(server: SimulatedServer, database: Database, transaction: Transaction) {
    this.server = server;
    this.database = database;
    this.transaction = transaction;
    this.snapshot = server.lastCommit;
  }

  /** `now()`, milliseconds since 1970-01-01 UTC. */
  get now(): number {
    return this.transaction.startedAt;
  }

  /** `kerf.command_day()`. */
  get today(): string {
    return new Date(this.now).toISOString().slice(0, 10);
  }

  /** The statement after this one, within the same function of the server: with a snapshot of its own. */
  again(): StatementRun {
    return new StatementRun(this.server, this.database, this.transaction);
  }

  /** `pg_try_advisory_xact_lock`. */
  tryAdvisoryLock(number: string): boolean {
    const { advisoryLocks } = this.database;
    const holder = advisoryLocks.get(number);
    if (holder === this.transaction) return true;
    if (holder !== undefined) return false;
    const owner = this.transaction;
    advisoryLocks.set(number, owner);
    owner.onEnd(() => advisoryLocks.get(number) === owner && advisoryLocks.delete(number));
    return true;
  }

  /** `pg_advisory_xact_lock`. */
  *advisoryLock(number: string): Steps<void> {
    for (;;) {
      const holder = this.database.advisoryLocks.get(number);
      if (holder === undefined || holder === this.transaction) break;
      yield holder;
    }
    this.tryAdvisoryLock(number);
  }

  /** `pg_current_xact_id()`. */
  xid(): number {
    return this.server.assignXid(this.transaction);
  }

  table(name: string): Table {
    return this.database.table(name);
  }

  /** What the statement sees of a row: its snapshot, and what its own transaction has written. */
  see(row: Row): Tuple | undefined {
    if (row.holder === this.transaction && row.pending !== undefined) return row.pending.tuple;
    return row.asOf(this.snapshot);
  }

  /** The newest of a row that this transaction may see once it has it locked. */
  newest(row: Row): Tuple | undefined {
    if (row.holder === this.transaction && row.pending !== undefined) return row.pending.tuple;
    return row.committed;
  }

  /** What it sees of a table. */
  select(table: string, where: (tuple: Tuple) => boolean = () => true): Tuple[] {
    const found: Tuple[] = [];
    for (const row of this.table(table).rows.values()) {
      const tuple = this.see(row);
      if (tuple !== undefined && where(tuple)) found.push(tuple);
    }
    return found;
  }

  /** Locks a row, once nobody else has it. True when this statement took it. */
  *lock(row: Row): Steps<boolean> {
    while (row.holder !== undefined && row.holder !== this.transaction) yield row.holder;
    if (row.holder === this.transaction) return false;
    this.xid();
    this.transaction.lock(row);
    return true;
  }

  /**
   * UPDATE: rows that the snapshot shows are locked one after the other; one that has changed meanwhile is looked at again as it is
   * now, and left alone when it does not fit any more.
   */
  *update(
    table: string,
    where: (tuple: Tuple) => boolean,
    set: (tuple: Tuple) => Tuple,
  ): Steps<Tuple[]> {
    const updated: Tuple[] = [];
    for (const row of this.table(table).rows.values()) {
      const newest = yield* this.#lockToChange(row, where);
      if (newest === undefined) continue;
      const changed = { ...newest, ...set(newest) };
      this.transaction.write(row, changed);
      updated.push(changed);
    }
    return updated;
  }

  /** SELECT … FOR UPDATE [SKIP LOCKED], in the order of `compare`, `limit` rows at most. */
  *selectForUpdate(
    table: string,
    where: (tuple: Tuple) => boolean,
    options: {
      readonly skipLocked?: boolean;
      readonly compare?: (a: Tuple, b: Tuple) => number;
      readonly limit?: number;
    } = {},
  ): Steps<Tuple[]> {
    const { skipLocked = false, compare, limit = Number.POSITIVE_INFINITY } = options;
    const candidates: { row: Row; tuple: Tuple }[] = [];
    for (const row of this.table(table).rows.values()) {
      const tuple = this.see(row);
      if (tuple !== undefined && where(tuple)) candidates.push({ row, tuple });
    }
    if (compare !== undefined) candidates.sort((a, b) => compare(a.tuple, b.tuple));
    const locked: Tuple[] = [];
    for (const { row, tuple } of candidates) {
      if (locked.length >= limit) break;
      if (skipLocked && row.holder !== undefined && row.holder !== this.transaction) continue;
      yield* this.lock(row);
      const newest = this.newest(row);
      if (newest !== undefined && (newest === tuple || where(newest))) locked.push(newest);
    }
    return locked;
  }

  /** INSERT: undefined when it was inserted, else the row that has the key already. Waits for one that is being written. */
  *insert(table: string, key: string, tuple: Tuple): Steps<Row | undefined> {
    const { rows } = this.table(table);
    for (;;) {
      const row = rows.get(key);
      if (row === undefined) {
        this.xid();
        const added = new Row(this.table(table), key);
        rows.set(key, added);
        this.transaction.lock(added);
        this.transaction.write(added, tuple);
        return undefined;
      }
      const others = row.holder !== undefined && row.holder !== this.transaction;
      // What another one has written may be gone when it ends; what it has only locked stays.
      if (others && row.pending !== undefined) {
        yield row.holder;
        continue;
      }
      if (this.newest(row) !== undefined) return row;
      // Deleted: the key is free.
      this.xid();
      if (row.holder === undefined) this.transaction.lock(row);
      this.transaction.write(row, tuple);
      return undefined;
    }
  }

  /** INSERT without ON CONFLICT. */
  *insertNew(table: string, key: string, tuple: Tuple): Steps<void> {
    // The row is written before its key is looked at.
    this.xid();
    const existing = yield* this.insert(table, key, tuple);
    if (existing !== undefined) {
      throw new ServerError(
        "23505",
        `duplicate key value violates unique constraint "${table}_pkey"`,
      );
    }
  }

  /** INSERT … ON CONFLICT DO UPDATE; answers what is there now. */
  *upsert(table: string, key: string, tuple: Tuple, set: (existing: Tuple) => Tuple): Steps<Tuple> {
    for (;;) {
      const existing = yield* this.insert(table, key, tuple);
      if (existing === undefined) return tuple;
      yield* this.lock(existing);
      const newest = this.newest(existing);
      // Deleted while it was waited for.
      if (newest === undefined) continue;
      const changed = { ...newest, ...set(newest) };
      this.transaction.write(existing, changed);
      return changed;
    }
  }

  /** Locks a row that is to be changed; its newest state, undefined when it is none of those that are wanted. */
  *#lockToChange(row: Row, where: (tuple: Tuple) => boolean): Steps<Tuple | undefined> {
    const seen = this.see(row);
    if (seen === undefined || !where(seen)) return undefined;
    // Before it waits: unlike a lock alone, a change has its xid by then.
    this.xid();
    const taken = yield* this.lock(row);
    const newest = this.newest(row);
    if (newest !== undefined && (newest === seen || where(newest))) return newest;
    if (taken) this.transaction.unlock(row);
    return undefined;
  }

  /** DELETE; answers how many. */
  *delete(table: string, where: (tuple: Tuple) => boolean): Steps<number> {
    let deleted = 0;
    for (const row of this.table(table).rows.values()) {
      const newest = yield* this.#lockToChange(row, where);
      if (newest === undefined) continue;
      this.transaction.write(row, undefined);
      deleted += 1;
    }
    return deleted;
  }
}
