import type { SimulatedProcess } from "../process.ts";
import { ServerError } from "./errors.ts";
import { statementsOf } from "./literals.ts";
import type { SimulatedServer } from "./server.ts";
import {
  answer,
  type StatementAnswer,
  StatementRun,
  type StatementWork,
  type Steps,
} from "./statement-run.ts";
import type { Database } from "./table.ts";
import { Transaction } from "./transaction.ts";

/** What the driver has sent: one statement, or several without values. */
export interface Message {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Told the answers, one for each statement of the text. */
  readonly answered: (answers: readonly StatementAnswer[]) => void;
  readonly refused: (error: Error) => void;
}

/** What the other end of a connection is told without having asked. */
export type Lost = (error: Error | undefined) => void;

/** What is slow takes so long at most, milliseconds. */
const longestStallMs = 3_000;
/** What controls a transaction. */
const controls = /^(?:begin|set|savepoint|release|commit|rollback)\b/;

interface Work {
  readonly message: Message;
  readonly statements: string[];
  readonly answers: StatementAnswer[];
  steps: Steps<StatementAnswer> | undefined;
  name: string;
}

/** The server's end of one connection: does one statement after the other, and waits for locks. */
export class Backend {
  readonly server: SimulatedServer;
  readonly database: Database;
  readonly process: SimulatedProcess;
  readonly #lost: Lost;
  readonly #queue: Message[] = [];
  #work: Work | undefined;
  #planned = false;
  #ended = false;
  /** Its client is gone, which it notices when it next listens. */
  #orphaned = false;
  #transaction: Transaction | undefined;
  /** How long the disk stalls that it waits for, milliseconds. */
  #stallMs = 0;
  /** What the statement at work sees, while there is one. */
  snapshot: number | undefined;

  constructor(server: SimulatedServer, database: Database, process: SimulatedProcess, lost: Lost) {
    this.server = server;
    this.database = database;
    this.process = process;
    this.#lost = lost;
    server.backends.add(this);
  }

  get transactionStatus(): "I" | "T" | "E" {
    if (this.#transaction === undefined) return "I";
    return this.#transaction.failed ? "E" : "T";
  }

  /** Whether the statement at work waits for a lock. */
  get blocked(): boolean {
    return this.#transaction?.waitsFor !== undefined;
  }

  /** What the client sends arrives after a while, in order. */
  send(message: Message): void {
    this.#queue.push(message);
    if (this.#work === undefined) this.#planNext();
  }

  /** The client is gone: noticed after `ms`, and not before the statement at work has ended. */
  hangUp(ms: number): void {
    this.server.scheduler.plan(ms, "a dead client is noticed", () => {
      this.#orphaned = true;
      if (this.#work === undefined) this.#end();
    });
  }

  /** Ends the connection as an administrator, a bound of the server or a network does it. */
  terminate(error: Error): void {
    if (this.#ended) return;
    const { message } = this.#work ?? {};
    this.#end();
    message?.refused(error);
    this.#lost(message === undefined ? error : undefined);
  }

  /** The server has crashed. */
  crash(): void {
    if (this.#ended) return;
    this.#end();
    this.#lost(undefined);
  }

  #planNext(): void {
    if (this.#planned || this.#ended) return;
    this.#planned = true;
    const { scheduler } = this.server;
    const longest = scheduler.chance(this.server.faults.slow) ? longestStallMs : 5;
    scheduler.plan(scheduler.latency(0.05, longest), "a statement", () => {
      this.#planned = false;
      this.#goOn();
    });
  }

  /** Works until it has to wait for somebody, or for the next statement. */
  #goOn(): void {
    while (!this.#ended) {
      if (this.#work === undefined) {
        const message = this.#queue.shift();
        if (message === undefined) {
          if (this.#orphaned) this.#end();
          return;
        }
        const statements = message.values.length > 0 ? [message.text] : statementsOf(message.text);
        this.#work = { message, statements, answers: [], steps: undefined, name: "" };
      }
      const work = this.#work;
      let quick: boolean;
      try {
        const ended = this.#step(work);
        if (ended === undefined) return;
        quick = ended;
      } catch (error) {
        this.#fail(work, error as Error);
        quick = true;
      }
      // Answering may end it.
      if (this.#work !== undefined || this.#ended) continue;
      if (this.#orphaned && this.#queue.length === 0) return this.#end();
      if (this.#queue.length === 0) return;
      if (!quick) return this.#planNext();
    }
  }

  /** Undefined when it has to wait; else whether the next statement can follow at once, since nobody can tell. */
  #step(work: Work): boolean | undefined {
    for (;;) {
      work.steps ??= this.#begin(work);
      const { value, done } = work.steps.next();
      if (done !== true) {
        this.#wait(value);
        return undefined;
      }
      work.steps = undefined;
      this.snapshot = undefined;
      work.answers.push(value);
      if (this.#ended) return undefined;
      this.#note(work, value);
      if (work.name !== "") this.server.onStatement?.(this.process, work.name);
      // What was just struck may be this very connection.
      if (this.#ended) return undefined;
      if (work.statements.length > 0) continue;
      this.#work = undefined;
      work.message.answered(work.answers);
      return this.#transaction?.xid === undefined;
    }
  }

  #note({ name }: Work, { command, rowCount, rows }: StatementAnswer): void {
    if (name === "") return;
    const { scheduler } = this.server;
    scheduler.note(
      `${this.process.name} → ${this.database.name}: ${name} · ${command} ${rowCount}`,
      () => (rows.length === 0 ? "" : JSON.stringify(rows).slice(0, 300)),
    );
  }

  #wait(holder: Transaction | undefined): void {
    const { scheduler } = this.server;
    const own = this.#transaction as Transaction;
    const ms = this.#stallMs;
    this.#stallMs = 0;
    const resume = (): void => {
      own.waitsFor = undefined;
      scheduler.plan(ms + scheduler.latency(0.01, 2), "a backend goes on", () => {
        if (!this.#ended) this.#goOn();
      });
    };
    if (holder === undefined) return resume();
    for (let at: Transaction | undefined = holder; at !== undefined; at = at.waitsFor) {
      if (at === own) throw new ServerError("40P01", "deadlock detected");
    }
    own.waitsFor = holder;
    holder.waiters.add(resume);
  }

  #fail(work: Work, error: Error): void {
    this.snapshot = undefined;
    this.#work = undefined;
    if (this.#transaction !== undefined) {
      this.#transaction.waitsFor = undefined;
      this.server.fail(this.#transaction);
    }
    const code = (error as { code?: string }).code ?? error.message;
    this.server.scheduler.note(
      `${this.process.name} → ${this.database.name}: ${work.name} fails with ${code}`,
    );
    // What is wrong with the simulation itself is nothing that an engine should try again.
    if (!(error instanceof ServerError)) this.server.scheduler.abort(error);
    work.message.refused(error);
  }

  #begin(work: Work): Steps<StatementAnswer> {
    const text = work.statements.shift() as string;
    work.name = "";
    const control = this.#control(text, work);
    if (control !== undefined) return control;
    const { known, inlined } = this.server.statements.find(text);
    work.name = known.name;
    const { scheduler, faults } = this.server;
    if (this.#transaction?.failed === true) {
      throw new ServerError("25P02", "current transaction is aborted");
    }
    if (faults.statementFails > 0 && scheduler.chance(faults.statementFails)) {
      throw new ServerError("57014", "canceling statement, as a fault");
    }
    const values = inlined ?? work.message.values;
    if (this.#transaction !== undefined) return this.#run(this.#transaction, known.work, values);
    return this.#alone(known.work, values);
  }

  *#run(
    transaction: Transaction,
    work: StatementWork,
    values: readonly unknown[],
  ): Steps<StatementAnswer> {
    const run = new StatementRun(this.server, this.database, transaction);
    this.snapshot = run.snapshot;
    return yield* work(run, values);
  }

  /** A statement outside of a transaction is one of its own. */
  *#alone(work: StatementWork, values: readonly unknown[]): Steps<StatementAnswer> {
    const transaction = (this.#transaction = new Transaction(this, this.server.wall));
    try {
      const answered = yield* this.#run(transaction, work, values);
      const { faults, scheduler } = this.server;
      const writes = transaction.xid !== undefined;
      if (writes && scheduler.chance(faults.commitLost)) return this.#break("is lost before");
      if (writes) yield this.#disk();
      this.server.commit(transaction);
      if (writes && scheduler.chance(faults.answerLost)) this.#break("is lost after");
      return answered;
    } catch (error) {
      this.server.rollback(transaction);
      throw error;
    } finally {
      if (this.#transaction === transaction) this.#transaction = undefined;
    }
  }

  #control(text: string, work: Work): Steps<StatementAnswer> | undefined {
    if (!controls.test(text)) return undefined;
    const [verb, second = "", third = ""] = text.split(" ");
    const transaction = this.#transaction;
    switch (verb) {
      case "begin":
        this.#transaction = new Transaction(this, this.server.wall);
        return done("BEGIN");
      case "set":
        if (third === "transaction_timeout") this.#bound(Number(text.split("=")[1]));
        return done("SET");
      case "savepoint":
        this.#within().savepoint(second);
        return done("SAVEPOINT");
      case "release":
        if (!this.#within().releaseSavepoint(third)) throw noSavepoint(third);
        return done("RELEASE");
      case "commit":
        work.name = transaction?.xid === undefined ? "" : "commit";
        return this.#commit();
      case "rollback":
        if (second === "to") {
          const name = text.split(" ")[3] as string;
          if (transaction?.rollbackTo(name) !== true) throw noSavepoint(name);
          return done("ROLLBACK");
        }
        work.name = transaction?.xid === undefined ? "" : "rollback";
        return this.#rollback();
      default:
        return undefined;
    }
  }

  #within(): Transaction {
    if (this.#transaction === undefined) throw new ServerError("25P01", "there is no transaction");
    if (this.#transaction.failed) throw new ServerError("25P02", "current transaction is aborted");
    return this.#transaction;
  }

  /** Other transactions may do something while it is on its way to the disk. */
  *#commit(): Steps<StatementAnswer> {
    const transaction = this.#transaction;
    if (transaction === undefined) return answer("COMMIT");
    if (transaction.failed) return yield* this.#rollback();
    const { faults, scheduler } = this.server;
    const writes = transaction.xid !== undefined;
    if (writes && scheduler.chance(faults.commitLost)) return this.#break("is lost before");
    if (writes) yield this.#disk();
    this.#transaction = undefined;
    this.server.commit(transaction);
    if (writes && scheduler.chance(faults.answerLost)) return this.#break("is lost after");
    return answer("COMMIT");
  }

  /** Waits for the disk, which may stall. */
  #disk(): undefined {
    const { faults, scheduler } = this.server;
    if (scheduler.chance(faults.stalls)) this.#stallMs = scheduler.random.next() * longestStallMs;
    return undefined;
  }

  #break(when: string): StatementAnswer {
    this.server.scheduler.note(
      `${this.process.name} → ${this.database.name}: the connection ${when} COMMIT`,
    );
    this.terminate(new Error("Connection terminated unexpectedly"));
    return answer("COMMIT");
  }

  // eslint-disable-next-line require-yield -- a rollback waits for nobody
  *#rollback(): Steps<StatementAnswer> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction !== undefined) this.server.rollback(transaction);
    return answer("ROLLBACK");
  }

  /** `transaction_timeout`: the server ends the connection of whoever takes longer. */
  #bound(ms: number): void {
    const bounded = this.#transaction;
    if (bounded === undefined) return;
    bounded.bound = this.server.scheduler.plan(ms, "transaction_timeout", () => {
      this.server.scheduler.note(
        `${this.process.name} → ${this.database.name}: transaction_timeout`,
      );
      this.terminate(
        new ServerError("25P04", "terminating connection due to transaction timeout", "FATAL"),
      );
    });
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#work = undefined;
    this.snapshot = undefined;
    this.server.backends.delete(this);
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction === undefined) return;
    transaction.waitsFor = undefined;
    this.server.rollback(transaction);
  }
}

// eslint-disable-next-line require-yield -- what controls the transaction waits for nobody
function* done(command: string): Steps<StatementAnswer> {
  return answer(command);
}

function noSavepoint(name: string): ServerError {
  return new ServerError("3B001", `savepoint "${name}" does not exist`);
}
