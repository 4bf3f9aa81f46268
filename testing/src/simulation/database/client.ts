import { EventEmitter } from "node:events";
import type { SimulatedProcess } from "../process.ts";
import { Backend } from "./backend.ts";
import { connectionTerminated } from "./errors.ts";
import type { SimulatedServer } from "./server.ts";
import type { StatementAnswer } from "./statement-run.ts";
import type { Database } from "./table.ts";

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long a dead client is not noticed at most, milliseconds: the other machine may just be gone. */
const longestUnnoticedMs = 2_000;

/** A connection as the driver shows it: what the engines' pool and transactions use of a pg client. */
export class SimulatedClient extends EventEmitter {
  readonly #server: SimulatedServer;
  readonly #process: SimulatedProcess;
  readonly #backend: Backend;
  readonly #waiting = new Set<Waiting>();
  readonly #released: (client: SimulatedClient, broken: boolean) => void;
  /** When the last answer arrives: answers do not overtake each other. */
  #answersUntil = 0;
  #broken = false;
  /** Where the pool reaches for what ends a connection at once. */
  readonly connection = { stream: { destroy: () => this.#destroy() } };

  constructor(
    server: SimulatedServer,
    database: Database,
    process: SimulatedProcess,
    released: (client: SimulatedClient, broken: boolean) => void,
  ) {
    super();
    this.#server = server;
    this.#process = process;
    this.#released = released;
    this.#backend = new Backend(server, database, process, (error) =>
      this.#arrive(() => this.#lose(error)),
    );
    process.onDeath(() => this.#hangUp());
  }

  get broken(): boolean {
    return this.#broken;
  }

  /** Whether its statement waits for a lock. */
  get blocked(): boolean {
    return this.#backend.blocked;
  }

  getTransactionStatus(): string {
    return this.#backend.transactionStatus;
  }

  /** Text and values, or the driver's query configuration. */
  query(
    statement: string | { readonly text: string; readonly values?: readonly unknown[] },
    given?: readonly unknown[],
  ): Promise<unknown> {
    const { text, values = given ?? [] } =
      typeof statement === "string" ? { text: statement } : statement;
    return new Promise((resolve, reject) => {
      // The dead say nothing, and hear nothing.
      if (!this.#process.alive) return;
      if (this.#broken) {
        reject(new Error("Client has encountered a connection error and is not queryable"));
        return;
      }
      const waiting = { resolve, reject };
      this.#waiting.add(waiting);
      this.#backend.send({
        text,
        values,
        answered: (answers) => this.#arrive(() => this.#settle(waiting, answers)),
        refused: (error) => this.#arrive(() => this.#refuse(waiting, error)),
      });
    });
  }

  /** Gives it back to its pool; with `broken`, to be thrown away. */
  release(broken = false): void {
    this.#released(this, broken || this.#broken);
  }

  #settle(waiting: Waiting, answers: readonly StatementAnswer[]): void {
    if (!this.#waiting.delete(waiting)) return;
    waiting.resolve(answers.length === 1 ? answers[0] : answers);
  }

  #refuse(waiting: Waiting, error: Error): void {
    if (this.#waiting.delete(waiting)) waiting.reject(error);
  }

  #lose(error: Error | undefined): void {
    this.#broken = true;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error ?? connectionTerminated());
  }

  #destroy(): void {
    if (this.#broken) return;
    this.#hangUp();
    this.#lose(undefined);
  }

  #hangUp(): void {
    const { scheduler } = this.#server;
    this.#backend.hangUp(scheduler.latency(1, longestUnnoticedMs));
  }

  /** Mostly at once; sometimes late, so that other things happen in between. */
  #arrive(fn: () => void): void {
    const { scheduler } = this.#server;
    const late = scheduler.chance(0.15) ? scheduler.latency(0.05, 20) : 0;
    if (late === 0 && this.#answersUntil <= scheduler.now) {
      this.#process.deliver(fn);
      return;
    }
    this.#answersUntil = Math.max(this.#answersUntil, scheduler.now + late);
    scheduler.plan(this.#answersUntil - scheduler.now, "an answer", () =>
      this.#process.deliver(fn),
    );
  }
}
