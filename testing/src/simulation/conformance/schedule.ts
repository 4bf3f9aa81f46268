import type { Operation, OperationSource } from "./operations.ts";
import type { Result, Session } from "./session.ts";

/** Sessions side by side, and steps of one schedule. */
const sessions = 3;
const steps = 40;

/** What ends a transaction, unless it fails. */
const ends: ReadonlySet<string> = new Set(["commit", "commit with", "rollback"]);

/** A place where the two databases do not agree. */
export interface Disagreement {
  readonly at: string;
  readonly simulated: string;
  readonly real: string;
  /** What went before, a line each. */
  readonly history: readonly string[];
}

interface Pair {
  readonly simulated: Session;
  readonly real: Session;
  waits: Operation | undefined;
  savepoints: number;
}

/**
 * One random schedule: statements of the engines in interleaved transactions, the same ones in the same order on both. What is
 * answered, what fails with which code, and who waits for whom, must be the same.
 */
export class Schedule {
  readonly #source: OperationSource;
  readonly #pairs: Pair[];
  readonly #history: string[] = [];
  #deadlocked = false;
  /** Xids that were taken, of each database: only their order means something. */
  readonly #xids: { readonly simulated: number[]; readonly real: number[] } = {
    simulated: [],
    real: [],
  };

  constructor(source: OperationSource, open: (n: number) => { simulated: Session; real: Session }) {
    this.#source = source;
    this.#pairs = Array.from({ length: sessions }, (_, n) => ({
      ...open(n),
      waits: undefined,
      savepoints: -1,
    }));
  }

  /** How many statements were compared. */
  get compared(): number {
    return this.#history.length;
  }

  /** Runs it; the first disagreement ends it. */
  async run(): Promise<Disagreement | undefined> {
    for (let step = 0; step < steps; step += 1) {
      const free = this.#pairs.filter(({ waits }) => waits === undefined);
      // Who of two that wait is let go on first is nobody's promise.
      if (free.length < sessions - 1 || this.#deadlocked) break;
      const disagreement = await this.#step(this.#source.pick(free));
      if (disagreement !== undefined) return disagreement;
    }
    await this.#end();
    return undefined;
  }

  /** Rolls everything back, whoever waits for whom; nothing is compared any more. */
  async #end(): Promise<void> {
    const open = new Set(this.#pairs.flatMap(({ real, simulated }) => [real, simulated]));
    while (open.size > 0) {
      for (const session of open) {
        if ((await session.look()) === "waits") continue;
        await session.send("rollback", []);
        open.delete(session);
      }
    }
  }

  async #step(pair: Pair): Promise<Disagreement | undefined> {
    const operation = this.#draw(pair);
    return this.#send(pair, operation);
  }

  #draw(pair: Pair): Operation {
    if (pair.savepoints < 0) {
      pair.savepoints = 0;
      return control("begin");
    }
    const drawn = this.#source.pick([
      "statement",
      "statement",
      "statement",
      "statement",
      "end",
      "inner",
    ]);
    if (drawn === "statement") return this.#source.next();
    if (drawn === "end") {
      const end = this.#source.pick(["commit", "commit with", "rollback"]);
      return end === "commit with" ? this.#source.withCommit() : control(end);
    }
    if (pair.savepoints > 0 && this.#source.pick([true, false])) {
      return control(`rollback to savepoint kerf_${pair.savepoints}`);
    }
    pair.savepoints += 1;
    return control(`savepoint kerf_${pair.savepoints}`);
  }

  async #send(pair: Pair, operation: Operation): Promise<Disagreement | undefined> {
    const { text, values } = operation;
    const real = await pair.real.send(text, values);
    const simulated = await pair.simulated.send(text, values);
    pair.waits = real === "waits" ? operation : undefined;
    return (await this.#compare(pair, operation, simulated, real)) ?? this.#lookAtOthers(pair);
  }

  /** Whoever waited may have been let go on. */
  async #lookAtOthers(sender: Pair): Promise<Disagreement | undefined> {
    for (let again = true; again;) {
      again = false;
      for (const pair of this.#pairs) {
        const operation = pair.waits;
        if (operation === undefined || pair === sender) continue;
        const real = await pair.real.look();
        const simulated = await pair.simulated.look();
        if (real === undefined || simulated === undefined) continue;
        if (real !== "waits") {
          pair.waits = undefined;
          again = true;
        }
        const disagreement = await this.#compare(pair, operation, simulated, real);
        if (disagreement !== undefined) return disagreement;
      }
    }
    return undefined;
  }

  async #compare(
    pair: Pair,
    operation: Operation,
    simulated: Result | "waits",
    real: Result | "waits",
  ): Promise<Disagreement | undefined> {
    // Nor is who of two is the victim of a deadlock.
    this.#deadlocked ||= isDeadlock(simulated) || isDeadlock(real);
    if (this.#deadlocked) return undefined;
    const said = {
      simulated: this.#said(operation, simulated, this.#xids.simulated),
      real: this.#said(operation, real, this.#xids.real),
    };
    const at = `${this.#pairs.indexOf(pair)}: ${operation.name} ${JSON.stringify(operation.values)}`;
    this.#history.push(`${at} → ${said.real}`);
    if (ends.has(operation.name) && real !== "waits" && !("error" in real)) pair.savepoints = -1;
    return said.simulated === said.real ? undefined : { at, ...said, history: this.#history };
  }

  #said({ name }: Operation, result: Result | "waits", xids: number[]): string {
    if (result === "waits" || "error" in result) return JSON.stringify(result);
    if (name === "log: an xid of one's own") {
      xids.push(Number((result.rows[0] as { xid: string }).xid));
      return "an xid";
    }
    if (name === "log: oldest in progress") {
      const xmin = Number((result.rows[0] as { xmin: string }).xmin);
      return `beyond ${xids.filter((xid) => xid < xmin).length} of ${xids.length}`;
    }
    const rows = result.rows.map((row) => JSON.stringify(comparable(row as object)));
    return JSON.stringify([rows.sort(), result.count]);
  }
}

function isDeadlock(result: Result | "waits"): boolean {
  return result !== "waits" && "error" in result && result.error === "40P01";
}

/** Times are those of two clocks. */
function comparable(row: object): object {
  const { at: _at, ...rest } = row as Record<string, unknown>;
  const { cancel } = rest;
  if (typeof cancel === "object" && cancel !== null) rest["cancel"] = comparable(cancel);
  return Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function control(text: string): Operation {
  return { name: text, text, values: [] };
}
