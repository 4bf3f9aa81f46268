import type { CompiledQuery, DatabaseConnection, QueryResult } from "kysely";
import { KerfError } from "@kerf/kernel";
import { quoteIdentifier } from "../service-names.ts";
import type { Session } from "../session.ts";
import { transactionControl } from "../transaction-control.ts";

const changing = new Set(["INSERT", "UPDATE", "DELETE", "MERGE"]);

/** A session as Kysely sees it: a connection. */
export class SessionConnection implements DatabaseConnection {
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (query.query.kind === "RawNode" && transactionControl(query.sql) !== undefined) {
      throw refused(`"${query.sql}" would change the command's transaction.`);
    }
    const { command, rowCount, rows } = await this.session.run({
      text: query.sql,
      values: query.parameters as unknown[],
    });
    return changing.has(command)
      ? { numAffectedRows: BigInt(rowCount ?? 0), rows: rows as Row[] }
      : { rows: rows as Row[] };
  }

  // eslint-disable-next-line require-yield -- the interface asks for an iterator; this one always refuses
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw refused("Rows are not streamed on a command's connection.");
  }

  async begin(settings: { isolationLevel?: string; accessMode?: string }): Promise<void> {
    if (settings.isolationLevel !== undefined || settings.accessMode !== undefined) {
      throw refused(
        "A transaction inside of the command's transaction is a savepoint: it has its isolation and access mode.",
      );
    }
    await this.session.begin();
  }

  async savepoint(verb: string, name: string): Promise<void> {
    await this.session.run({ text: `${verb} ${quoteIdentifier(name)}` });
  }
}

function refused(why: string): KerfError {
  return new KerfError("transaction_control", {
    message: "The handler tried to control the connection itself.",
    why,
    fix: "Return to commit, throw to roll back; page through many rows by key.",
  });
}
