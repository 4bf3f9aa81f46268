import type { Client } from "pg";
import { KerfError } from "@kerf/kernel";
import { plainSession, tableSums, type TableSums, unequalTables } from "./checksums.ts";
import { contentDifferences, type Contents, readContents, type StoredTable } from "./contents.ts";
import { copyTable } from "./copy-table.ts";

/** What one pass over a database did. */
export interface CopyPass {
  /** Tables that were copied because they differed. */
  readonly copied: readonly string[];
  readonly bytes: number;
  /** What each table holds, there as here. */
  readonly sums: TableSums;
}

/**
 * The copy of a database on another server, which has the same schema. A pass copies each table that differs, so the first takes as long as there is
 * data, and the next as long as there are tables that were written meanwhile.
 */
export class DatabaseCopy {
  readonly #from: Client;
  readonly #to: Client;

  private constructor(from: Client, to: Client) {
    this.#from = from;
    this.#to = to;
  }

  /** `from` is the owner's session, `to` an administrator's in the new database, which works as `owner` from here on. */
  static async begin(from: Client, to: Client, owner: string): Promise<DatabaseCopy> {
    await from.query(plainSession);
    await to.query(plainSession);
    try {
      // Rows come as they are: what triggers and foreign keys did for them has been done.
      await to.query("set session_replication_role = replica");
    } catch (cause) {
      throw new KerfError("forbidden", {
        message: "The administrator of the new server may not copy rows without their triggers.",
        why: (cause as Error).message,
        fix: "As a superuser of it: grant set on parameter session_replication_role to ADMINISTRATOR",
        cause,
      });
    }
    await to.query(`set role ${owner}`);
    return new DatabaseCopy(from, to);
  }

  /** Throws `invalid_input` for what holds more than tables and sequences. */
  async assertCopyable(): Promise<void> {
    const { beside } = await readContents(this.#from);
    if (beside.length === 0) return;
    throw new KerfError("invalid_input", {
      message: `This database holds what is not copied: ${beside.join(", ")}.`,
      why: "Tables with their partitions and sequences are copied and proved equal, and nothing else is.",
      fix: "Remove it by a migration and make it anew after the move, or move the database with PostgreSQL's own tools.",
    });
  }

  /** One pass from a snapshot, while others write. */
  async pass(): Promise<CopyPass> {
    await this.#from.query("begin isolation level repeatable read, read only");
    try {
      return await this.#bringOver();
    } finally {
      await this.#from.query("commit");
    }
  }

  /** The last pass, while nobody writes: with the sequences, and proved. Throws `conflict` naming what is not equal. */
  async finish(): Promise<CopyPass> {
    const done = await this.#bringOver();
    const { sequences } = await readContents(this.#from);
    for (const name of sequences) {
      const { rows } = await this.#from.query<{ last: string; called: boolean }>(
        `select last_value::text as last, is_called as called from ${name}`,
      );
      await this.#to.query("select setval($1::regclass, $2, $3)", [
        name,
        rows[0]?.last,
        rows[0]?.called,
      ]);
    }
    return done;
  }

  /** Plans of the new server know what is in its tables. */
  async analyze(): Promise<void> {
    await this.#to.query("analyze");
  }

  async #bringOver(): Promise<CopyPass> {
    const contents = await readContents(this.#from);
    await this.#alignPartitions(contents);
    const differences = contentDifferences(contents, await readContents(this.#to));
    if (differences.length > 0) throw notEqual(differences);
    const [here, there] = await Promise.all([
      tableSums(this.#from, contents.tables),
      tableSums(this.#to, contents.tables),
    ]);
    const copied = unequalTables(here, there);
    const stale = contents.tables.filter(({ name }) => copied.includes(name));
    const bytes = await this.#copy(stale);
    const sums = new Map([...there, ...(await tableSums(this.#to, stale))]);
    const unequal = unequalTables(here, sums);
    if (unequal.length > 0) {
      throw notEqual(
        unequal.map((name) => {
          const [is, was] = [sums.get(name), here.get(name)];
          return `${name}: ${was?.rows} rows here with the checksum ${was?.checksum}, ${is?.rows} there with ${is?.checksum}`;
        }),
      );
    }
    return { copied, bytes, sums };
  }

  /** All of them or none: a pass that ends early leaves the tables as they were. */
  async #copy(tables: readonly StoredTable[]): Promise<number> {
    if (tables.length === 0) return 0;
    let bytes = 0;
    await this.#to.query("begin");
    try {
      for (const table of tables) bytes += await copyTable(this.#from, this.#to, table);
      await this.#to.query("commit");
    } catch (thrown) {
      await this.#to.query("rollback").catch(() => undefined);
      throw thrown;
    }
    return bytes;
  }

  /** Partitions come and go while a database is used. */
  async #alignPartitions({ tables }: Contents): Promise<void> {
    const there = await readContents(this.#to);
    const same = (one: StoredTable, other: StoredTable): boolean =>
      one.name === other.name && one.partition?.bound === other.partition?.bound;
    for (const table of there.tables)
      if (table.partition !== null && !tables.some((each) => same(each, table)))
        await this.#to.query(`drop table ${table.name}`);
    for (const table of tables)
      if (table.partition !== null && !there.tables.some((each) => same(each, table)))
        await this.#to.query(
          `create table ${table.name} partition of ${table.partition.of} ${table.partition.bound}`,
        );
  }
}

function notEqual(differences: readonly string[]): KerfError {
  return new KerfError("conflict", {
    message: `The copy is not equal: ${differences.slice(0, 5).join("; ")}${differences.length > 5 ? `; and ${differences.length - 5} more` : ""}.`,
    why: "Something at the new server changes what is written there, such as a trigger that always fires, or the schemas are not the same.",
    fix: "Look at these tables on both servers, then move it again.",
  });
}
