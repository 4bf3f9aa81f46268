import { EventEmitter } from "node:events";
import type { PoolClient, QueryResult, QueryResultRow } from "pg";
import { KerfError } from "@kerf/kernel";
import type { Session, Statement } from "./session.ts";
import { transactionControl } from "./transaction-control.ts";

/** A session as the driver's own type, which is what other libraries take. */
export function rawClient(session: Session): PoolClient {
  return new RawClient(session) as unknown as PoolClient;
}

/**
 * The driver's client as a handler may use it: statements go into the command's transaction. BEGIN, COMMIT and ROLLBACK, as
 * Drizzle and others send them for a transaction of their own, become savepoints; what belongs to the connection is refused.
 */
class RawClient extends EventEmitter {
  readonly #session: Session;

  constructor(session: Session) {
    super();
    this.#session = session;
  }

  /** Runs one statement: text and values, or the driver's query configuration. */
  async query<Row extends QueryResultRow = QueryResultRow>(
    statement: string | Statement,
    values?: unknown[],
  ): Promise<QueryResult<Row>> {
    const given: Statement = typeof statement === "string" ? { text: statement } : statement;
    if (typeof given.text !== "string" || typeof values === "function") {
      throw refused("Only text or a query configuration is taken, and a promise is given.");
    }
    const control = transactionControl(given.text);
    if (control !== undefined) return (await this.#nest(control)) as QueryResult<Row>;
    return (await this.#session.run(
      values === undefined ? given : { ...given, values },
    )) as QueryResult<Row>;
  }

  /** Connected it is already. */
  async connect(): Promise<void> {}

  /** Refused: the connection belongs to the platform. */
  release(): never {
    throw refused("The connection goes back by itself.");
  }

  /** Refused: the connection belongs to the platform. */
  end(): never {
    throw refused("The connection goes back by itself.");
  }

  async #nest(control: string): Promise<QueryResult> {
    if (control === "begin") await this.#session.begin();
    else if (control === "commit") await this.#session.commitInner();
    else if (control === "rollback") await this.#session.rollbackInner();
    else throw refused(`"${control}" would change the command's transaction.`);
    return { command: control.toUpperCase(), rowCount: 0, oid: 0, fields: [], rows: [] };
  }
}

function refused(why: string): KerfError {
  return new KerfError("transaction_control", {
    message: "The handler tried to control the connection itself.",
    why,
    fix: "Use query() only; return to commit, throw to roll back.",
  });
}
