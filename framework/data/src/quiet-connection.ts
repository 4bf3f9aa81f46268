import type { Client, QueryResult, QueryResultRow } from "pg";
import { clientConfig, type ConnectionConfig, connectFailure, driver } from "./connection.ts";

/** What the driver's types leave out. */
type RefClient = Client & { ref(): void; unref(): void };

/** A connection that keeps the process alive only while it works: whoever forgets to close it ends all the same. */
export class QuietConnection {
  readonly #client: RefClient;
  #working = 0;

  private constructor(client: RefClient) {
    this.#client = client;
  }

  /** Connects; throws `unavailable` when there is no server. */
  static async open(config: ConnectionConfig, applicationName: string): Promise<QuietConnection> {
    const { Client } = driver();
    const client = new Client({
      ...clientConfig(config, applicationName),
      pipeline: true,
    } as ConstructorParameters<typeof Client>[0]) as RefClient;
    // A connection that dies between two statements says so here; the next statement fails with it.
    client.on("error", () => undefined);
    try {
      await client.connect();
    } catch (cause) {
      throw connectFailure(config, cause);
    }
    client.unref();
    return new QuietConnection(client);
  }

  /** Runs one statement, or several without values. */
  async query<Row extends QueryResultRow = QueryResultRow>(
    statement: string,
    values?: unknown[],
  ): Promise<QueryResult<Row>> {
    if (this.#working++ === 0) this.#client.ref();
    try {
      return await this.#client.query<Row>(statement, values);
    } finally {
      if (--this.#working === 0) this.#client.unref();
    }
  }

  /** Closes it. */
  async end(): Promise<void> {
    this.#client.ref();
    await this.#client.end();
  }
}
