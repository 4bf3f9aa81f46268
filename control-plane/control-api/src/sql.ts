import * as z from "zod";

/** Statements for one service's database. */
export const sqlInput = z.object({
  service: z.string(),
  /** One or more statements; only the last one's rows come back. */
  statement: z.string().min(1).max(1_000_000),
  /** `app`: what the service itself may do. `owner`: DDL as well. */
  role: z.enum(["app", "owner"]).default("app"),
});

/** What came of the last statement. Values are text as PostgreSQL prints it, or null. */
export const sqlResult = z.object({
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string().nullable())),
  rowCount: z.int().nullable(),
  /** `SELECT`, `UPDATE` … */
  command: z.string(),
  /** True when there were more rows than are given back (1 000). */
  truncated: z.boolean(),
  notices: z.array(z.string()),
});
export type SqlResult = z.infer<typeof sqlResult>;
