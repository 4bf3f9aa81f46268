import type { Client } from "pg";
import type { StoredTable } from "./contents.ts";

/** What a table holds, in short: equal for equal rows in whatever order. */
export interface TableSum {
  readonly rows: number;
  /** The sum of the first 64 bits of every row's MD5, in decimal. */
  readonly checksum: string;
}

/** The sums of tables by their names. */
export type TableSums = ReadonlyMap<string, TableSum>;

/** Reads all rows of these tables. The session prints values as {@link plainSession} says. */
export async function tableSums(
  client: Client,
  tables: readonly Pick<StoredTable, "name">[],
): Promise<TableSums> {
  const sums = new Map<string, TableSum>();
  for (const { name } of tables) {
    const { rows } = await client.query<{ rows: string; checksum: string }>(
      `select count(*)::text as rows,
         coalesce(sum(('x' || left(md5(t::text), 16))::bit(64)::bigint), 0)::text as checksum
       from only ${name} t`,
    );
    sums.set(name, { rows: Number(rows[0]?.rows), checksum: rows[0]?.checksum ?? "" });
  }
  return sums;
}

/** The tables of `one` that do not hold the same in `other`. */
export function unequalTables(one: TableSums, other: TableSums): string[] {
  return [...one]
    .filter(([name, { checksum, rows }]) => {
      const there = other.get(name);
      return there === undefined || there.rows !== rows || there.checksum !== checksum;
    })
    .map(([name]) => name);
}

/**
 * Values print alike on every server, to their last digit; rows that row security would hide are an error, and long statements are not ended
 * by what a role or a database has set.
 */
export const plainSession = `
  set datestyle = 'ISO, YMD'; set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 1;
  set bytea_output = 'hex'; set lc_monetary = 'C'; set row_security = off; set statement_timeout = 0;
  set transaction_timeout = 0; set idle_in_transaction_session_timeout = 0; set lock_timeout = '10s'`;
