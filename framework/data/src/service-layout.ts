import { quoteIdentifier as id, quoteLiteral, type ServiceNames } from "./service-names.ts";

/**
 * Transactions that do nothing for so long are ended, in seconds; the deadline of each is shorter. A default for
 * transaction_timeout must not be set here: its timer would run from BEGIN, and the transaction's own bound come too late.
 */
export const idleInTransactionSeconds = 60;

/** Who may do what in a service's database; run by the owner inside of it, before it has tables. */
export function databaseGrants({ database, app }: Pick<ServiceNames, "database" | "app">): string {
  return `
    revoke all on database ${id(database)} from public;
    grant connect on database ${id(database)} to ${id(app)};
    revoke all on schema public from public;
    grant usage on schema public to ${id(app)};
    alter default privileges grant usage on schemas to ${id(app)};
    alter default privileges grant select, insert, update, delete on tables to ${id(app)};
    alter default privileges grant usage, select on sequences to ${id(app)}`;
}

/** Keeps as the database's comment how it is laid out; written last: whoever finds it knows that all the rest is there. */
export function layoutStatement(database: string, layout: string): string {
  return `comment on database ${id(database)} is ${quoteLiteral(layout)}`;
}
