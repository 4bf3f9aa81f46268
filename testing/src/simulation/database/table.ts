import type { Transaction } from "./transaction.ts";

/** A row's values. Never changed: each write makes another one. */
export type Tuple = Readonly<Record<string, any>>;

interface Version {
  /** Number of the commit that made it. */
  readonly commit: number;
  /** Undefined: deleted. */
  readonly tuple: Tuple | undefined;
}

/** One row: what has been committed, and what the transaction that has it locked makes of it. */
export class Row {
  readonly table: Table;
  readonly key: string;
  /** The transaction that has it locked; nobody else writes meanwhile. */
  holder: Transaction | undefined;
  /** What the holder wrote, if it did. */
  pending: { readonly tuple: Tuple | undefined } | undefined;
  #versions: Version[] = [];

  constructor(table: Table, key: string) {
    this.table = table;
    this.key = key;
  }

  /** As of a commit. */
  asOf(commit: number): Tuple | undefined {
    for (let at = this.#versions.length - 1; at >= 0; at -= 1) {
      const version = this.#versions[at] as Version;
      if (version.commit <= commit) return version.tuple;
    }
    return undefined;
  }

  /** What was committed last. */
  get committed(): Tuple | undefined {
    return this.#versions.at(-1)?.tuple;
  }

  /** Whether it was ever committed. */
  get exists(): boolean {
    return this.#versions.length > 0;
  }

  /** Makes what is pending the newest version; older ones than `oldest` are seen by nobody any more. */
  commit(commit: number, oldest: number): void {
    if (this.pending === undefined) return;
    const { tuple } = this.pending;
    this.pending = undefined;
    const needed = this.#versions.findLastIndex((version) => version.commit <= oldest);
    if (needed > 0) this.#versions = this.#versions.slice(needed);
    this.#versions.push({ commit, tuple });
  }
}

/** The rows of one table by their key, in the order in which they were inserted. */
export class Table {
  readonly name: string;
  readonly rows = new Map<string, Row>();

  constructor(name: string) {
    this.name = name;
  }

  /** Puts a row there before anything begins. */
  load(key: string, tuple: Tuple): void {
    const row = new Row(this, key);
    row.pending = { tuple };
    row.commit(0, 0);
    this.rows.set(key, row);
  }

  /** What is committed now: what a checker sees that stands outside. */
  committed(): Tuple[] {
    return [...this.rows.values()]
      .map((row) => row.committed)
      .filter((tuple) => tuple !== undefined);
  }
}

/** A sequence. Not transactional: what was drawn stays drawn, except for what a crash forgets. */
export class Sequence {
  last = 0;
  /** Up to here the log of the server knows it: it is ahead of what was drawn. */
  logged = 0;
  /** What of that is on the disk. */
  flushed = 0;

  next(): number {
    this.last += 1;
    if (this.last > this.logged) this.logged = this.last + 32;
    return this.last;
  }

  flush(): void {
    this.flushed = this.logged;
  }

  /** After a crash the log is all that is known. */
  crash(): void {
    this.last = this.flushed;
    this.logged = this.flushed;
  }
}

/** One service's database. */
export class Database {
  readonly name: string;
  readonly tables = new Map<string, Table>();
  readonly sequences = new Map<string, Sequence>();
  readonly advisoryLocks = new Map<string, Transaction>();

  constructor(name: string) {
    this.name = name;
  }

  table(name: string): Table {
    let table = this.tables.get(name);
    if (table === undefined) this.tables.set(name, (table = new Table(name)));
    return table;
  }

  sequence(name: string): Sequence {
    let sequence = this.sequences.get(name);
    if (sequence === undefined) this.sequences.set(name, (sequence = new Sequence()));
    return sequence;
  }
}
