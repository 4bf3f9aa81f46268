import type pg from "pg";
import { openServiceDatabase } from "../shop/service-database.ts";

/** Runs a statement in a service's database, as its owner. */
export type RunSql = <Row extends pg.QueryResultRow>(
  service: string,
  text: string,
  values?: readonly unknown[],
) => Promise<Row[]>;

/** For the databases of a home, each statement over a connection of its own: servers may be started again in between. */
export function sqlOf(home: string): RunSql {
  return async <Row extends pg.QueryResultRow>(
    service: string,
    text: string,
    values: readonly unknown[] = [],
  ) => {
    const client = await openServiceDatabase(home, service);
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
}
