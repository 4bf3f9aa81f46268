import type { Client, Pool, PoolClient } from "pg";
import {
  type Clock,
  deadlineExceeded,
  KerfError,
  remaining,
  systemClock,
  type Timer,
} from "@kerf/kernel";
import type { TracingParts } from "@kerf/telemetry";
import { clientConfig, type ConnectionConfig, connectFailure, driver } from "./connection.ts";
import { DatabaseRecords } from "./database-records.ts";
import { unavailable } from "./database-errors.ts";

/** What a pool is opened with. */
export interface PoolOptions {
  readonly connection: ConnectionConfig;
  readonly service: string;
  /** Shown with the service's name as application_name, so that pg_stat_activity says who works. */
  readonly instance: string;
  /** Connections at most; default 4 (`defaults.md`: the platform's budget an instance). */
  readonly connections?: number | undefined;
  /** Calls that may wait for a connection; default 64 for each connection. What comes beyond is refused at once. */
  readonly maxWaiting?: number | undefined;
  /** How long a connection stays open without work, in milliseconds; default 10 000. */
  readonly idleMs?: number | undefined;
  readonly clock?: Clock | undefined;
  /** Where connections come from; the driver's pool by default. A simulation has its own. */
  readonly source?: ConnectionSource | undefined;
  /** Takes spans and metrics of transactions and statements; without it none are made. */
  readonly tracing?: Omit<TracingParts, "sampler"> | undefined;
}

/** What is used of the driver's pool. */
export type ConnectionSource = Pick<Pool, "connect" | "end" | "totalCount" | "idleCount">;

/** How a pool stands. */
export interface PoolStats {
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
}

interface Waiter {
  grant(): void;
  refuse(error: KerfError): void;
  timer: Timer | undefined;
}

/**
 * The connections of one instance to its database: few, opened when needed, closed when idle. It outlives the server: what was
 * open is dropped when the server goes, and the next call connects anew.
 */
export class ConnectionPool {
  readonly clock: Clock;
  /** Undefined where spans and metrics go nowhere. */
  readonly records: DatabaseRecords | undefined;
  readonly #options: PoolOptions;
  readonly #pool: ConnectionSource;
  readonly #waiters: Waiter[] = [];
  readonly #limit: number;
  readonly #maxWaiting: number;
  #taken = 0;
  #closed: Promise<void> | undefined;
  #drained: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.clock = options.clock ?? systemClock;
    const { clock } = this;
    const { tracing } = options;
    if (tracing?.recorder !== undefined || tracing?.metrics !== undefined)
      this.records = new DatabaseRecords(tracing, { ...options, clock });
    this.#limit = options.connections ?? 4;
    this.#maxWaiting = options.maxWaiting ?? 64 * this.#limit;
    this.#pool = options.source ?? driversPool(options, this.#limit);
  }

  /** Connections at most. */
  get limit(): number {
    return this.#limit;
  }

  get stats(): PoolStats {
    return {
      open: this.#pool.totalCount,
      idle: this.#pool.idleCount,
      waiting: this.#waiters.length,
    };
  }

  /**
   * A connection, by `deadline` (monotonic milliseconds). Throws `overloaded` when too many wait, `deadline_exceeded`, or
   * `unavailable` when the server cannot be reached; nothing has been executed then.
   */
  async acquire(deadline: number): Promise<PooledConnection> {
    if (this.#closed !== undefined) {
      throw new KerfError("unavailable", {
        message: "The service is stopping; its database connections are closed.",
        retry: "not-executed",
      });
    }
    if (this.#taken < this.#limit) this.#taken++;
    else await this.#wait(deadline);
    let client: PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      this.#giveBack();
      // A caller learns that the database is away; why, with its address, is for the log.
      throw unavailable("not-executed", connectFailure(this.#options.connection, error));
    }
    return new PooledConnection(client, () => this.#giveBack());
  }

  /** Refuses what comes, waits for what runs, closes all. The caller bounds it. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#taken > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
    await this.#pool.end();
  }

  #wait(deadline: number): Promise<void> {
    if (this.#waiters.length >= this.#maxWaiting) {
      throw new KerfError("overloaded", {
        message: "Too many calls wait for a connection to the service's database.",
        why: `All ${this.#limit} connections are busy and ${this.#waiters.length} calls wait.`,
        fix: "Shorten the transactions, add instances, or give the service more connections: postgres({ connections }).",
        retryAfterMs: 100,
      });
    }
    return new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        grant: () => {
          waiter.timer?.cancel();
          resolve();
        },
        refuse: reject,
        timer: undefined,
      };
      waiter.timer = this.clock.after(remaining(this.clock, deadline), () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        waiter.refuse(
          deadlineExceeded("the call waited for a connection to the service's database"),
        );
      });
      this.#waiters.push(waiter);
    });
  }

  #giveBack(): void {
    const next = this.#waiters.shift();
    if (next !== undefined) return next.grant();
    this.#taken--;
    if (this.#taken === 0) this.#drained?.();
  }
}

function driversPool(options: PoolOptions, limit: number): Pool {
  const { Pool } = driver();
  const pool = new Pool({
    ...clientConfig(options.connection, `${options.service}/${options.instance}`),
    max: limit,
    min: 0,
    idleTimeoutMillis: options.idleMs ?? 10_000,
    allowExitOnIdle: true,
    // Statements follow each other without waiting for answers: BEGIN costs no round trip of its own.
    pipeline: true,
  } as ConstructorParameters<typeof Pool>[0]);
  // A connection that ends while nobody uses it is dropped by the pool; there is nothing else to do.
  pool.on("error", () => undefined);
  // While somebody uses it, its statements fail; without a listener the event would end the process.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return pool;
}

/** A connection while somebody holds it. */
export class PooledConnection {
  readonly client: PoolClient;
  readonly #giveBack: () => void;
  #released = false;

  constructor(client: PoolClient, giveBack: () => void) {
    this.client = client;
    this.#giveBack = giveBack;
  }

  /** `T` in a transaction, `E` in one that failed, `I` outside; undefined before the first answer. */
  get transactionStatus(): string | undefined {
    return (
      (
        this.client as unknown as { getTransactionStatus(): string | null }
      ).getTransactionStatus() ?? undefined
    );
  }

  /** Gives it back for the next one. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.client.release();
    this.#giveBack();
  }

  /** Closes it at once, whatever it is doing: the server rolls back what was open. */
  destroy(): void {
    if (this.#released) return;
    this.#released = true;
    // Ending it in order would wait for the answers that will not come.
    (
      this.client as unknown as Client & { connection: { stream: { destroy(): void } } }
    ).connection.stream.destroy();
    this.client.release(true);
    this.#giveBack();
  }
}
