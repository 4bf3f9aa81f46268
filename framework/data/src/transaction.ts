import type { PoolClient, QueryResult } from "pg";
import type { Kysely } from "kysely";
import { delay, KerfError, remaining, type Trace } from "@kerf/kernel";
import { databaseDeadline, endsConnection, sqlState, translate } from "./database-errors.ts";
import type { CommandClaim, RecordedAnswer } from "./command-records/claim.ts";
import { claim, insertRecord } from "./command-records/statements.ts";
import { bindKysely } from "./kysely/binding.ts";
import type { ConnectionPool, PooledConnection } from "./pool.ts";
import { oneSelect } from "./one-select.ts";
import type { DatabaseRecords } from "./database-records.ts";
import { PartOfTransaction } from "./part-of-transaction.ts";
import { rawClient } from "./raw-client.ts";
import type { Session, Statement } from "./session.ts";
import {
  aborted,
  alreadyDone,
  endedByHandler,
  keyInFlight,
  usedAfterwards,
} from "./transaction-errors.ts";
import type { TransactionOptions } from "./transaction-options.ts";

type Hook<Tables> = (transaction: CommandTransaction<Tables>) => Promise<void> | void;

/** Does what a hook does without the transaction, and durably when it resolves; told the transaction's deadline. */
type Alone = (deadline: number) => Promise<void>;

/** How much later than the server we give up on it, in milliseconds: normally its own answer is there first. */
const graceMs = 250;
/** First and longest pause before a key is claimed again that somebody else is at work under, in milliseconds. */
const firstPauseMs = 2;
const longestPauseMs = 100;
/** Name of the savepoint before the handler's first statement; its own are `kerf_1` and on. */
const effect = "kerf_0";
/** How the statement that claims a key is told; it leaves from `claim`, each time as another text. */
const claiming = "SELECT * FROM kerf.command_claim";
/** How long a rollback may take before the connection is closed instead, in milliseconds. */
const rollbackMs = 1_000;

/** A savepoint in a shared transaction: the work is to be done again by itself. */
export class SharedTransaction extends Error {}

/**
 * The one transaction of a command. It opens at the first statement, on a connection of the pool, and is bounded by the
 * deadline in the server too. Whoever made it settles it once, with {@link commit} or {@link rollback}.
 */
export class CommandTransaction<Tables = unknown> implements Session {
  readonly #pool: ConnectionPool;
  readonly #options: TransactionOptions;
  readonly #beforeCommit: Hook<Tables>[] = [];
  readonly #lastly: { readonly call: () => Statement; readonly always: boolean }[] = [];
  readonly #afterCommit: (() => Promise<void> | void)[] = [];
  #opening: Promise<PooledConnection> | undefined;
  #connection: PooledConnection | undefined;
  #settled: "committed" | "rolled back" | undefined;
  #expired = false;
  #stopWatch: (() => void) | undefined;
  /** The error after which PostgreSQL refuses every further statement. */
  #failure: unknown;
  #savepoints = 0;
  #depth: string[] = [];
  #recorded: RecordedAnswer | undefined;
  #alone: Alone | undefined;
  #db: Kysely<Tables> | undefined;
  #raw: PoolClient | undefined;
  readonly #records: DatabaseRecords | undefined;
  /** Its own span, of a trace that is recorded. */
  readonly #trace: Trace | undefined;
  #openedAt = 0;

  /**
   * True while several pieces of work use it at once, whose statements leave without waiting for each other: a savepoint of one would
   * undo what another does, so that it throws {@link SharedTransaction}.
   */
  shared = false;

  constructor(pool: ConnectionPool, options: TransactionOptions) {
    this.#pool = pool;
    this.#options = options;
    if (options.counted === true || options.trace !== undefined) this.#records = pool.records;
    this.#trace = this.#records?.spans && options.trace?.child();
  }

  /** True from the first statement until it is settled: calls to other services are refused meanwhile. */
  get isOpen(): boolean {
    return this.#opening !== undefined && this.#settled === undefined;
  }

  /** True when there is something to commit: a statement was sent, or waits for the end. */
  get isUsed(): boolean {
    return (
      this.#opening !== undefined ||
      this.#beforeCommit.length > 0 ||
      this.#lastly.some(({ always }) => always)
    );
  }

  /** Set when the first statement found that the command had been done before; then that is the answer, whatever the handler says. */
  get recorded(): RecordedAnswer | undefined {
    return this.#recorded;
  }

  /** Kysely on this transaction. */
  get db(): Kysely<Tables> {
    this.#db ??= bindKysely<Tables>(this);
    return this.#db;
  }

  /** The driver's client on this transaction: `raw.query(…)`, or `drizzle(raw)`. */
  get raw(): PoolClient {
    this.#raw ??= rawClient(this);
    return this.#raw;
  }

  /** True before the first statement and hook: committing it would do nothing. */
  get isUntouched(): boolean {
    return !this.isUsed;
  }

  /**
   * Runs at the end of the transaction and inside of it, in the order of registration; what it throws rolls all back. With `alone`,
   * that is done instead when the hook is all there is to commit, so that what many transactions do alone is done in one; not under
   * a claimed key, whose record has to commit with it.
   */
  beforeCommit(hook: Hook<Tables>, alone?: Alone): void {
    this.#alone = this.isUntouched && this.#options.claim === undefined ? alone : undefined;
    this.#beforeCommit.push(hook);
  }

  /**
   * A call of a function, `select kerf.name(…)`, that leaves together with COMMIT, behind every hook, in the order of registration; what it answers
   * is of no interest, and when it fails nothing is committed. `when used`: only when the transaction has done something else.
   */
  lastly(call: () => Statement, condition?: "when used"): void {
    this.#lastly.push({ call, always: condition === undefined });
  }

  /** Runs when it has been committed, and cannot undo it: what it throws goes to `onAfterCommitError`. */
  afterCommit(hook: () => Promise<void> | void): void {
    this.#afterCommit.push(hook);
  }

  /** Runs `work` so that its statements are undone when it throws, and only they. */
  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    await this.begin();
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.rollbackInner();
      throw error;
    }
    await this.commitInner();
    return result;
  }

  /**
   * The same transaction for a part of its work, such as the handler of one of its events; itself when nobody records that.
   * @param trace the part's span
   */
  under(trace: Trace): Pick<CommandTransaction<Tables>, "db" | "raw"> {
    const { records } = this.#pool;
    if (records === undefined) return this;
    return new PartOfTransaction<Tables>(this, records, trace.sampled ? trace : undefined);
  }

  /**
   * @internal
   * @param below the span whose work it is, when that is not the transaction's
   * @param records where it is counted, when the transaction as a whole is not
   */
  async run(
    statement: Statement,
    below = this.#trace,
    records = this.#records,
  ): Promise<QueryResult> {
    const connection = this.#connection ?? (await this.#open());
    this.#assertUnsettled();
    const startedAt = records === undefined ? 0 : this.#pool.clock.now();
    try {
      const result = await connection.client.query({
        ...statement,
        queryMode: "extended",
      } as Statement);
      records?.answered(below, statement.text, startedAt, result.command, result.rows.length);
      return result;
    } catch (error) {
      records?.failed(below, statement.text, startedAt, error);
      throw this.#explain(error);
    }
  }

  /** @internal */
  async begin(): Promise<void> {
    if (this.shared) throw new SharedTransaction();
    const name = `kerf_${++this.#savepoints}`;
    this.#depth.push(name);
    await this.run({ text: `savepoint ${name}` });
  }

  /** @internal */
  async commitInner(): Promise<void> {
    await this.run({ text: `release savepoint ${this.#leave()}` });
  }

  /** @internal */
  async rollbackInner(): Promise<void> {
    const name = this.#leave();
    await this.run({ text: `rollback to savepoint ${name}` });
    this.#failure = undefined;
    await this.run({ text: `release savepoint ${name}` });
  }

  /**
   * Records the answer under the claimed key, as the last statement before {@link commit}. Nothing without a claim, or when no
   * statement was run: such a command has no effect in this database that could happen twice.
   */
  record(answer: RecordedAnswer): void {
    const { claim: claimed } = this.#options;
    if (claimed === undefined) return;
    this.lastly(() => insertRecord(claimed, answer), "when used");
  }

  /**
   * Commits the record of a declared error and nothing else: every statement of the handler is undone, its hooks are dropped.
   * False when there is nothing to record, and the transaction is rolled back.
   */
  async decline(answer: RecordedAnswer): Promise<boolean> {
    this.#beforeCommit.length = 0;
    this.#lastly.length = 0;
    this.#afterCommit.length = 0;
    const { claim: claimed } = this.#options;
    if (
      claimed?.mayDecline !== true ||
      this.#opening === undefined ||
      this.#settled !== undefined
    ) {
      await this.rollback();
      return false;
    }
    await this.#opening;
    await this.run({ text: `rollback to savepoint ${effect}` });
    this.#failure = undefined;
    this.record(answer);
    await this.commit();
    return true;
  }

  /**
   * Runs the hooks and commits. Without a statement there is nothing to commit, and no connection is used. Throws
   * `transaction_aborted` when a statement had failed and the handler went on regardless; with retry meaning `unknown` only
   * when the connection was lost during COMMIT itself.
   */
  async commit(): Promise<void> {
    this.#assertUnsettled();
    try {
      const isAlone = this.#opening === undefined && !this.#lastly.some(({ always }) => always);
      if (this.#alone !== undefined && isAlone) {
        await this.#alone(this.#options.deadline);
      } else {
        for (const hook of this.#beforeCommit) await hook(this);
        if (this.#lastly.some(({ always }) => always)) await this.#open();
      }
      if (this.#opening !== undefined) await this.#commit(await this.#opening);
      else this.#settled = "committed";
    } catch (error) {
      await this.rollback();
      throw error;
    }
    for (const hook of this.#afterCommit) await this.#afterwards(hook);
  }

  /** Undoes everything. Never rejects: when the server does not answer, the connection is closed, which undoes it too. */
  async rollback(): Promise<void> {
    if (this.#settled !== undefined) return;
    this.#settled = "rolled back";
    if (this.#opening === undefined) return;
    let connection: PooledConnection;
    try {
      connection = await this.#opening;
    } catch (error) {
      if (this.#recorded === undefined) this.#failure ??= error;
      this.#over("rolled back");
      return;
    }
    const timer = this.#pool.clock.after(rollbackMs, () => connection.destroy());
    try {
      await connection.client.query("rollback");
      this.#letGo(connection);
    } catch {
      this.#drop(connection);
    } finally {
      timer.cancel();
      this.#over("rolled back");
    }
  }

  #over(outcome: "committed" | "rolled back" | "unknown"): void {
    if (this.#trace !== undefined)
      this.#records?.spans?.transaction(this.#trace, this.#openedAt, outcome, this.#failure);
  }

  async #afterwards(hook: () => Promise<void> | void): Promise<void> {
    try {
      await hook();
    } catch (error) {
      if (this.#options.onAfterCommitError !== undefined) this.#options.onAfterCommitError(error);
      else process.emitWarning(error instanceof Error ? error : String(error));
    }
  }

  #open(): Promise<PooledConnection> {
    this.#assertUnsettled();
    if (this.#opening === undefined) {
      if (this.#trace !== undefined) this.#openedAt = this.#pool.clock.now();
      this.#opening = this.#begin();
      this.#options.onOpen?.();
    }
    return this.#opening;
  }

  async #begin(): Promise<PooledConnection> {
    for (let attempt = 1; ; attempt += 1) {
      const connection = await this.#beginOnce();
      const { claim: claimed } = this.#options;
      // Until the key is ours no statement of the handler may run: what it did would be rolled back behind its back.
      const found = claimed === undefined ? "fresh" : await this.#claim(connection, claimed);
      if (found === "fresh" || claimed === undefined) return (this.#connection = connection);
      await this.#giveBack(connection);
      if (found !== "in_flight") {
        this.#recorded = found;
        throw alreadyDone();
      }
      if (!claimed.wait) throw keyInFlight();
      await this.#pause(attempt);
    }
  }

  async #claim(
    connection: PooledConnection,
    claimed: CommandClaim,
  ): Promise<"fresh" | "in_flight" | RecordedAnswer> {
    const startedAt = this.#records === undefined ? 0 : this.#pool.clock.now();
    try {
      const found = await claim(connection.client, claimed, effect);
      this.#records?.answered(this.#trace, claiming, startedAt, "SELECT", 1);
      return found;
    } catch (error) {
      this.#records?.failed(this.#trace, claiming, startedAt, error);
      const explained = this.#explain(error);
      await this.#giveBack(connection);
      throw explained;
    }
  }

  /** Ends a transaction in which nothing was done, so that another connection is not held while somebody else is waited for. */
  async #giveBack(connection: PooledConnection): Promise<void> {
    try {
      await connection.client.query("rollback");
      this.#letGo(connection);
    } catch {
      this.#drop(connection);
    }
  }

  async #pause(attempt: number): Promise<void> {
    const { deadline } = this.#options;
    const left = remaining(this.#pool.clock, deadline);
    const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt - 1, 8));
    if (left <= pause) throw databaseDeadline("before-commit", keyInFlight());
    await delay(this.#pool.clock, pause);
    this.#assertUnsettled();
  }

  async #beginOnce(): Promise<PooledConnection> {
    const { deadline, isolation } = this.#options;
    const connection = await this.#pool.acquire(deadline);
    const left = Math.max(1, Math.ceil(remaining(this.#pool.clock, deadline)));
    const mode = isolation === undefined ? "" : ` isolation level ${isolation}`;
    // Not awaited: the first statement follows it in the same round trip, and fails when this has failed.
    connection.client
      .query(`begin${mode}; set local transaction_timeout = ${left}`)
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
    const watch = this.#pool.clock.after(left + graceMs, () => {
      this.#expired = true;
      connection.destroy();
    });
    this.#stopWatch = () => watch.cancel();
    return connection;
  }

  async #commit(connection: PooledConnection): Promise<void> {
    let command: string;
    const startedAt = this.#records === undefined ? 0 : this.#pool.clock.now();
    try {
      const calls = this.#lastly.map(({ call }) => call());
      const answer = await connection.client.query([...oneSelect(calls), "commit"].join(";\n"));
      ({ command } = [answer].flat().at(-1) as QueryResult);
      this.#records?.answered(this.#trace, "commit", startedAt, "COMMIT", 0);
    } catch (error) {
      this.#records?.failed(this.#trace, "commit", startedAt, error);
      if (endsConnection(error)) {
        this.#settled = "rolled back";
        this.#drop(connection);
        this.#failure ??= error;
        this.#over("unknown");
        throw this.#expired ? databaseDeadline("commit", error) : translate(error, "commit");
      }
      // What was to leave with COMMIT failed, and COMMIT did not run.
      throw this.#explain(error);
    }
    this.#letGo(connection);
    this.#over(command === "COMMIT" ? "committed" : "rolled back");
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK, and calls that a success.
    this.#settled = command === "COMMIT" ? "committed" : "rolled back";
    if (this.#settled === "rolled back") throw aborted(this.#failure);
  }

  #letGo(connection: PooledConnection): void {
    this.#stopWatch?.();
    connection.release();
  }

  #drop(connection: PooledConnection): void {
    this.#stopWatch?.();
    connection.destroy();
  }

  #leave(): string {
    const name = this.#depth.pop();
    if (name !== undefined) return name;
    throw endedByHandler();
  }

  #assertUnsettled(): void {
    if (this.#settled === undefined) return;
    throw usedAfterwards(this.#settled);
  }

  #explain(error: unknown): unknown {
    if (this.#expired) return databaseDeadline("before-commit", error);
    const state = sqlState(error);
    if (state === "25P02") return aborted(this.#failure);
    this.#failure ??= error;
    const known = translate(error, "before-commit");
    // The server ends a transaction that is over its time, and says so on a connection that no statement is waiting on.
    if (known instanceof KerfError && known.code === "unavailable" && this.#isOverdue()) {
      return databaseDeadline("before-commit", error);
    }
    return known;
  }

  #isOverdue(): boolean {
    return remaining(this.#pool.clock, this.#options.deadline) === 0;
  }
}
