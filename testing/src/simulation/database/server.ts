import type { SimulatedProcess } from "../process.ts";
import type { Planned, Scheduler } from "../scheduler.ts";
import type { Backend } from "./backend.ts";
import type { StatementTable } from "./statement-table.ts";
import { Database, type Row, type Tuple } from "./table.ts";
import type { Transaction } from "./transaction.ts";

/** One row as a commit has changed it. */
export interface Change {
  readonly table: string;
  readonly before: Tuple | undefined;
  readonly after: Tuple | undefined;
}

/** What a checker is told of each commit, in the order of commits. */
export interface Commit {
  readonly database: Database;
  /** Name of the process whose connection it was. */
  readonly by: string;
  readonly at: number;
  readonly changes: readonly Change[];
}

/** What goes wrong, by its chance; all zero when the faults are over. */
export interface DatabaseFaults {
  /** A statement fails by itself. */
  statementFails: number;
  /** COMMIT takes effect and the connection breaks before its answer. */
  answerLost: number;
  /** The connection breaks before COMMIT arrives. */
  commitLost: number;
  /** A statement takes up to seconds. */
  slow: number;
  /** The disk stalls for up to seconds while COMMIT waits for it. */
  stalls: number;
}

/** When the faults are over. */
export const noFaults: DatabaseFaults = {
  statementFails: 0,
  answerLost: 0,
  commitLost: 0,
  slow: 0,
  stalls: 0,
};

/** A PostgreSQL with several databases: one counter of transactions, one log, one life. */
export class SimulatedServer {
  readonly scheduler: Scheduler;
  readonly statements: StatementTable;
  readonly faults: DatabaseFaults = { ...noFaults };
  readonly backends = new Set<Backend>();
  /** Told of each statement that was done, before it is answered. */
  onStatement: ((process: SimulatedProcess, name: string) => void) | undefined;
  /** Transactions that have an xid. */
  readonly #inProgress = new Set<Transaction>();
  readonly #databases = new Map<string, Database>();
  readonly #watchers: ((commit: Commit) => void)[] = [];
  readonly #wallStart: number;
  /** Number of the last commit. */
  lastCommit = 0;
  up = true;
  #nextXid = 1_000;
  /** The newest xid that the log knows, and the newest that is on the disk. */
  #loggedXid = 999;
  #flushedXid = 999;

  constructor(scheduler: Scheduler, statements: StatementTable, wallStart: number) {
    this.scheduler = scheduler;
    this.statements = statements;
    this.#wallStart = wallStart;
  }

  /** Its own clock, milliseconds since 1970-01-01 UTC. */
  get wall(): number {
    return this.#wallStart + this.scheduler.now;
  }

  database(name: string): Database {
    let database = this.#databases.get(name);
    if (database === undefined) this.#databases.set(name, (database = new Database(name)));
    return database;
  }

  /** Told of every commit that changed something, at the moment in which it becomes visible. */
  watch(watcher: (commit: Commit) => void): void {
    this.#watchers.push(watcher);
  }

  assignXid(transaction: Transaction): number {
    if (transaction.xid === undefined) {
      transaction.xid = this.#nextXid++;
      this.#inProgress.add(transaction);
    }
    return transaction.xid;
  }

  /** `pg_snapshot_xmin(pg_current_snapshot())`: everything before it has ended. */
  get xmin(): number {
    let oldest = this.#nextXid;
    for (const { xid } of this.#inProgress) oldest = Math.min(oldest, xid as number);
    return oldest;
  }

  commit(transaction: Transaction): void {
    const { xid, wrote, backend } = transaction;
    if (xid === undefined) return transaction.commit(this.lastCommit, this.lastCommit);
    this.#loggedXid = Math.max(this.#loggedXid, xid);
    // A commit that wrote nothing does not wait for the disk.
    if (wrote) this.#flush();
    const changes = this.#watchers.length === 0 ? [] : changesOf(transaction.touched, transaction);
    this.lastCommit += 1;
    this.#inProgress.delete(transaction);
    transaction.commit(this.lastCommit, this.#oldestSnapshot());
    if (changes.length === 0) return;
    const commit = {
      database: backend.database,
      by: backend.process.name,
      at: this.scheduler.now,
      changes,
    };
    for (const watcher of this.#watchers) watcher(commit);
  }

  /** A statement of it has failed. */
  fail(transaction: Transaction): void {
    if (transaction.fail()) this.#inProgress.delete(transaction);
  }

  rollback(transaction: Transaction): void {
    this.#inProgress.delete(transaction);
    transaction.rollback();
  }

  /** `pg_ctl stop -m immediate`, and a start after `downMs`. What was committed stays; what only the memory knew is gone. */
  crash(downMs: number, forgets: boolean): Planned {
    this.scheduler.note(`the database server crashes for ${downMs.toFixed(0)} ms`);
    this.up = false;
    for (const backend of this.backends) backend.crash();
    if (!forgets) this.#flush();
    if (forgets) this.#nextXid = this.#flushedXid + 1;
    this.#loggedXid = this.#flushedXid;
    for (const { sequences } of this.#databases.values()) {
      for (const sequence of sequences.values()) sequence.crash();
    }
    return this.scheduler.plan(downMs, "the database server is back", () => {
      this.up = true;
      this.scheduler.note("the database server is back");
    });
  }

  #flush(): void {
    this.#flushedXid = this.#loggedXid;
    for (const { sequences } of this.#databases.values()) {
      for (const sequence of sequences.values()) sequence.flush();
    }
  }

  #oldestSnapshot(): number {
    let oldest = this.lastCommit;
    for (const { snapshot } of this.backends) {
      if (snapshot !== undefined) oldest = Math.min(oldest, snapshot);
    }
    return oldest;
  }
}

function changesOf(touched: ReadonlySet<Row>, transaction: Transaction): Change[] {
  const changes: Change[] = [];
  for (const { holder, pending, committed, table } of touched) {
    if (holder !== transaction || pending === undefined) continue;
    changes.push({ table: table.name, before: committed, after: pending.tuple });
  }
  return changes;
}
