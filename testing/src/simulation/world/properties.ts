import {
  accounts,
  firstBalance,
  otherOf,
  services,
  type ServiceName,
  type Transfer,
} from "./bank.ts";
import type { OutgoingCommand } from "./caller.ts";
import type { Commit, SimulatedServer } from "../database/server.ts";
import type { Tuple } from "../database/table.ts";
import type { Violation } from "../outcome.ts";

/**
 * What must hold, seen by somebody outside who sees every commit at the moment in which it becomes visible. What is found first is
 * kept; what comes after may be its consequence.
 */
export class Properties {
  readonly #server: SimulatedServer;
  readonly #answers = new Map<
    string,
    { readonly command: OutgoingCommand; readonly answer: string }
  >();
  readonly #effects = new Map<string, Tuple & { at: number }>();
  readonly #lastSeen = new Map<string, number>();
  #violation: Violation | undefined;

  constructor(server: SimulatedServer) {
    this.#server = server;
    server.watch((commit) => this.#committed(commit));
  }

  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** A client has an answer. */
  answered(command: OutgoingCommand, answer: string): void {
    const before = this.#answers.get(command.key);
    if (before !== undefined && before.answer !== answer) {
      this.#violated(
        "one answer a key",
        `${command.key} was answered ${before.answer}, then ${answer}`,
      );
    }
    this.#answers.set(command.key, { command, answer });
    const declined = answer.startsWith("declined");
    const { noted } = command.input as Partial<Transfer>;
    // What only starts a saga has no effect of its own.
    if (noted !== false && declined === this.#effects.has(command.key)) {
      const what = declined ? "was declined and took effect" : "was answered and has no effect";
      this.#violated("an answer says what happened", `${command.key} ${what}`);
    }
  }

  /** Whether nothing is left to be done: everything is known, and everyone knows it. */
  get atRest(): boolean {
    return services.every((service) => {
      const sagas = this.#table(service, "saga");
      const known = this.#table(otherOf(service), "seen").length;
      return (
        sagas.every(({ state }) => state !== "running" && state !== "undoing") &&
        known >= this.#table(service, "event").length
      );
    });
  }

  /** What is not at rest, for the report. */
  get unrest(): string {
    return services
      .flatMap((service) => [
        ...this.#table(service, "saga")
          .filter(({ state }) => state === "running" || state === "undoing")
          .map(
            ({ id, state, owner }) =>
              `saga ${id as string} of ${service} is ${state as string}, owner ${owner as string}`,
          ),
        `${otherOf(service)} has applied ${this.#table(otherOf(service), "seen").length} of ${this.#table(service, "event").length} events of ${service}`,
      ])
      .join("; ");
  }

  /** What must hold when all is at rest. */
  checkAtRest(): void {
    this.#checkStarts();
    for (const service of services) {
      this.#checkBalances(service);
      this.#checkEvents(service);
      for (const saga of this.#table(service, "saga")) this.#checkSaga(service, saga);
      const parked = this.#table(service, "parked_event");
      if (parked.length > 0) this.#violated("nothing is parked", JSON.stringify(parked[0]));
    }
  }

  #committed(commit: Commit): void {
    for (const { table, before, after } of commit.changes) {
      if (after === undefined) continue;
      if (table === "effect") this.#effect(commit, after);
      else if (table === "seen") this.#seen(commit, after);
      else if (table === "saga_step") this.#step(commit, after);
      else if (table === "saga" && before !== undefined) this.#moved(commit, before, after);
    }
  }

  #effect({ database, at }: Commit, { key, ...effect }: Tuple): void {
    if (this.#effects.has(key)) {
      this.#violated("one effect a key", `${key as string} took effect twice in ${database.name}`);
    }
    this.#effects.set(key, { ...effect, at });
  }

  #seen({ database, by }: Commit, { producer, shard, account, n }: Tuple): void {
    const of = `${database.name} ${producer as string}/${account as string}`;
    const before = this.#lastSeen.get(of) ?? 0;
    this.#lastSeen.set(of, n);
    if (n !== before + 1) {
      this.#violated(
        "each event once, in the order of its key",
        `${of}: number ${n as number} was applied after ${before}`,
      );
    }
    const row = database
      .table("consumer_shard")
      .rows.get(`${producer as string} false ${shard as number}`);
    if (row?.committed?.["owner"] !== by) {
      const owner = String(row?.committed?.["owner"]);
      this.#violated(
        "no write from a stale epoch",
        `${by} applied an event of shard ${shard as number}, which ${owner} owns`,
      );
    }
  }

  #step({ database, by }: Commit, { saga, step }: Tuple): void {
    const owner: unknown = database.table("saga").rows.get(saga as string)?.committed?.["owner"];
    if (owner !== by) {
      this.#violated(
        "no write from a stale epoch",
        `${by} recorded ${step as string} of ${saga as string}, which ${String(owner)} owns`,
      );
    }
  }

  #moved({ by }: Commit, before: Tuple, after: Tuple): void {
    if (after["cancel"] !== null && after["state"] === "completed") {
      this.#violated("what was withdrawn is undone", `${after["id"] as string} was completed`);
    }
    const moved = before["state"] !== after["state"] || before["endedAt"] !== after["endedAt"];
    if (moved && before["owner"] !== by) {
      const what = `${by} moved saga ${after["id"] as string} to ${after["state"] as string}`;
      this.#violated(
        "no write from a stale epoch",
        `${what}, which ${String(before["owner"])} owns`,
      );
    }
  }

  /** Each saga was started by a command whose answer names it. */
  #checkStarts(): void {
    const named = new Set([...this.#answers.values()].map(({ answer }) => answer));
    for (const service of services) {
      for (const { id } of this.#table(service, "saga")) {
        if (!named.has(JSON.stringify(id))) {
          this.#violated("one saga a key", `nobody was answered ${id as string} of ${service}`);
        }
      }
    }
  }

  #checkBalances(service: ServiceName): void {
    for (const account of accounts) {
      const row = this.#server.database(service).table("account").rows.get(account)?.committed;
      const moved = this.#table(service, "effect")
        .filter((effect) => effect["account"] === account)
        .reduce((sum, { amount }) => sum + (amount as number), 0);
      if (row?.["balance"] !== firstBalance + moved) {
        this.#violated(
          "money is constant",
          `${service}/${account} has ${String(row?.["balance"])}, its effects say ${firstBalance + moved}`,
        );
      }
    }
  }

  #checkEvents(service: ServiceName): void {
    const seen = this.#table(otherOf(service), "seen").length;
    const events = this.#table(service, "event").length;
    if (seen !== events) {
      this.#violated(
        "each event once, in the order of its key",
        `${otherOf(service)} applied ${seen} of ${events} events of ${service}`,
      );
    }
  }

  /** A saga that completed has all of its effects, one that was undone none; the undos come in reversed order. */
  #checkSaga(service: ServiceName, { id, state, failure }: Tuple): void {
    const of = `saga ${id as string} of ${service}`;
    const under = `saga:${id as string}:`;
    const effects = [...this.#effects]
      .filter(([key]) => key.startsWith(under))
      .map(([key, effect]) => ({
        step: key.slice(under.length).split(/[:/]/)[0] as string,
        isUndo: key.includes(":undo"),
        ...effect,
      }));
    const done = effects.filter(({ isUndo }) => !isUndo).sort((a, b) => a.at - b.at);
    const undone = effects.filter(({ isUndo }) => isUndo).sort((a, b) => a.at - b.at);
    if (state === "stuck") {
      if (failure === null) this.#violated("a stuck saga says why", of);
      this.#violated("every saga ends", `${of} is stuck: ${JSON.stringify(failure)}`);
    } else if (state === "completed") {
      const steps = done
        .map(({ step }) => step)
        .sort()
        .join();
      if (steps !== "close,give,note,take" || undone.length > 0) {
        this.#violated(
          "a completed saga did everything once",
          `${of} did ${steps} and undid ${undone.length}`,
        );
      }
    } else {
      // Nothing undoes the end, which may have been reached when somebody asked for it.
      const undoable = new Set(done.map(({ step }) => step).filter((step) => step !== "close"));
      const expected = this.#doneByPosition(service, id)
        .filter((step) => undoable.has(step))
        .reverse()
        .join();
      const actual = undone.map(({ step }) => step).join();
      if (undoable.size !== undone.length || expected !== actual) {
        this.#violated(
          "the undos are what took effect, reversed",
          `${of} did ${done.map(({ step }) => step).join()}; undid ${actual} instead of ${expected}`,
        );
      }
    }
  }

  #doneByPosition(service: ServiceName, id: unknown): string[] {
    return this.#table(service, "saga_step")
      .filter(({ saga, kind }) => saga === id && kind === "do")
      .sort((a, b) => a["position"] - b["position"])
      .map(({ step }) => step as string);
  }

  #table(service: ServiceName, table: string): Tuple[] {
    return this.#server.database(service).table(table).committed();
  }

  #violated(property: string, what: string): void {
    this.#violation ??= { property, what };
  }
}
