import type { Planned } from "../scheduler.ts";
import type { Row, Tuple } from "./table.ts";
import type { Backend } from "./backend.ts";

/** A transaction in progress: what it has locked and written, and how all of it is undone. */
export class Transaction {
  readonly backend: Backend;
  /** What `now()` says in it: when it began, milliseconds since 1970-01-01 UTC. */
  readonly startedAt: number;
  /** Given at its first write, or when it asks. */
  xid: number | undefined;
  /** Whether it has written anything that makes its commit wait for the disk. */
  wrote = false;
  failed = false;
  /** Ends it when it takes too long. */
  bound: Planned | undefined;
  /** Whose end it waits for. */
  waitsFor: Transaction | undefined;
  /** Told when it has ended, or given locks back. */
  readonly waiters = new Set<() => void>();
  readonly touched = new Set<Row>();
  readonly #undo: (() => void)[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #savepoints: { readonly name: string; readonly mark: number }[] = [];

  constructor(backend: Backend, startedAt: number) {
    this.backend = backend;
    this.startedAt = startedAt;
  }

  /** Takes a row that nobody has. */
  lock(row: Row): void {
    row.holder = this;
    this.#undo.push(() => release(row));
    this.touched.add(row);
  }

  /** Gives a row back that was locked last and not written. */
  unlock(row: Row): void {
    this.#undo.pop();
    release(row);
    this.#wake();
  }

  /** Writes a row that it has locked. */
  write(row: Row, tuple: Tuple | undefined): void {
    const before = row.pending;
    row.pending = { tuple };
    this.wrote = true;
    this.#undo.push(() => (row.pending = before));
  }

  /** Something that lasts until it ends, or is rolled back to before, such as an advisory lock. */
  onEnd(end: () => void): void {
    this.#undo.push(end);
    this.#ends.push(end);
  }

  savepoint(name: string): void {
    this.#savepoints.push({ name, mark: this.#undo.length });
  }

  /** False when there is none of this name. */
  releaseSavepoint(name: string): boolean {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (at >= 0) this.#savepoints.length = at;
    return at >= 0;
  }

  /** Undoes what came after it; the savepoint stays. False when there is none of this name. */
  rollbackTo(name: string): boolean {
    const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (at < 0) return false;
    const { mark } = this.#savepoints[at] as { mark: number };
    this.#savepoints.length = at + 1;
    this.#undoTo(mark);
    this.failed = false;
    return true;
  }

  /** A statement has failed: what came after the last savepoint is undone at once. True when that is everything. */
  fail(): boolean {
    this.failed = true;
    const last = this.#savepoints.at(-1);
    this.#undoTo(last?.mark ?? 0);
    return last === undefined;
  }

  rollback(): void {
    this.bound?.cancel();
    this.#undoTo(0);
  }

  /** Makes what it wrote visible to snapshots from `commit` on. */
  commit(commit: number, oldest: number): void {
    this.bound?.cancel();
    for (const row of this.touched) {
      if (row.holder !== this) continue;
      row.commit(commit, oldest);
      release(row);
    }
    for (const end of this.#ends) end();
    this.#wake();
  }

  #undoTo(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()?.();
    this.#wake();
  }

  #wake(): void {
    const waiters = [...this.waiters];
    this.waiters.clear();
    for (const waiter of waiters) waiter();
  }
}

function release(row: Row): void {
  row.holder = undefined;
  row.pending = undefined;
  // What was inserted and rolled back was never there.
  if (!row.exists && row.table.rows.get(row.key) === row) row.table.rows.delete(row.key);
}
