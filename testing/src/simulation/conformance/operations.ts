import { inlineValues, oneSelect } from "@kerf/data";
import { shardOf } from "@kerf/events";
import { type Random, seededRandom } from "@kerf/kernel";
import { statements } from "../statements/index.ts";

/** One statement to be run on both databases. */
export interface Operation {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Leases that have run out at once, and leases that outlive the test, milliseconds. */
const leases = [-60_000, 3_600_000];
const instances = ["i1", "i2"];
const sagas = [1, 2, 3].map((n) => `00000000-0000-7000-8000-00000000000${n}`);
const scopes = sagas;
const topics = ["west.moved:a", "west.moved:b"];
const keys = ["a", "q", "b"];
/** What does not come through if it is written into a text carelessly. */
const text = `it's; a \\ "$1" null 7\n-- array[`;
const log = "00000000-0000-0000-0000-000000000000";

/** Draws the engines' own statements, with values that meet. */
export class OperationSource {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** The names of all statements that it draws. */
  get names(): readonly string[] {
    return Object.keys(this.#values);
  }

  /** Draws one of these. */
  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.next() * from.length)] as T;
  }

  /** Draws the next statement. */
  next(): Operation {
    const name = this.pick(this.names);
    const values = (this.#values[name] as () => unknown[])();
    const { sql: text } = statements.named(name);
    // The engines never send it with its values beside it.
    const isInlined = name === "command: claim" || this.pick([true, false, false]);
    return isInlined ? inlined(name, text, values) : { name, text, values };
  }

  /** What leaves together with COMMIT, in one message. */
  withCommit(): Operation {
    const last = this.pick([
      ["outbox: append"],
      ["outbox: append several", "command: record"],
      ["command: record"],
    ]).map((name) => {
      const values = (this.#values[name] as () => unknown[])();
      return { text: statements.named(name).sql, values };
    });
    return { name: "commit with", text: [...oneSelect(last), "commit"].join(";\n"), values: [] };
  }

  /** Mostly of the tables that serve. */
  get building(): boolean {
    return this.pick([false, false, true]);
  }

  readonly #values: Readonly<Record<string, () => unknown[]>> = {
    "command: claim": () => {
      const scope = this.pick(scopes);
      return [scope, this.pick(scopes), sagas.indexOf(scope) + 77];
    },
    "command: record": () => [this.pick(scopes), this.pick(scopes), this.pick([true, false]), text],
    "outbox: append": () => {
      const key = this.pick(keys);
      return [shardOf(key), "moved", key, 1, JSON.stringify({ key, text }), "", null];
    },
    "outbox: append several": () => {
      const drawn = [this.pick(keys), this.pick(keys), this.pick(keys)].slice(
        0,
        this.pick([1, 2, 3]),
      );
      return [
        drawn.map((key) => shardOf(key)),
        drawn.map(() => "moved"),
        drawn,
        drawn.map(() => 1),
        drawn.map((key) => JSON.stringify({ key, text })),
        "",
        this.pick([null, '{"subject":"it\'s me"}']),
      ];
    },
    "log: last value": () => [],
    "log: an xid of one's own": () => [],
    "log: oldest in progress": () => [],
    "log: page": () => [
      [shardOf("a"), shardOf("b")],
      ["0", this.pick(["0", "1"])],
      "1000",
      100,
      this.pick([1, 100]),
    ],
    "log: a reader tells where it stands": () => ["east", [12], [this.pick(["1", "2"])]],
    "consumer: beat": () => ["east", this.pick(instances), this.pick(leases), this.building],
    "consumer: has it a position": () => ["east"],
    "consumer: rows of all shards": () => [
      "east",
      this.building,
      this.pick(["0", "0", "1"]),
      this.pick([null, log]),
      4,
    ],
    "consumer: give back what is beyond the share": () => [
      "east",
      this.pick(instances),
      this.pick([0, 1, 2]),
      this.building,
    ],
    "consumer: take what is free": () => [
      "east",
      this.pick(instances),
      this.pick([1, 2, 4]),
      this.pick(leases),
      this.building,
    ],
    "consumer: what is owned": () => ["east", this.pick(instances), this.building],
    "consumer: is gone": () => ["east", this.pick(instances), this.building],
    "consumer: give all back": () => ["east", this.pick(instances), this.building],
    "consumer: move watermarks": () => [
      "east",
      this.pick(instances),
      log,
      [this.pick([0, 1]), 2],
      [this.pick(["1", "2"]), "1"],
      [this.pick(["1", "2"]), "1"],
      ["0", "0"],
      this.building,
    ],
    "consumer: parked keys": () => ["east", keys, this.building],
    "consumer: park": () => [
      "east",
      this.building,
      1,
      this.pick(keys),
      this.pick(["1", "2"]),
      "{}",
      "error",
    ],
    "saga: insert": () => [
      this.pick(sagas),
      "transfer",
      1,
      "{}",
      "",
      null,
      this.pick(instances),
      this.pick(leases),
    ],
    "saga: claim": () => [
      this.pick(instances),
      this.pick(leases),
      ["transfer"],
      [1],
      this.pick([1, 3]),
      this.pick([[], sagas.slice(0, 1)]),
    ],
    "saga: beat": () => [sagas.slice(0, 2), this.pick(instances), this.pick(leases)],
    "saga: release": () => [[this.pick(sagas)], this.pick(instances)],
    "saga: steps": () => [this.pick(sagas)],
    "saga: record a step": () => [
      this.pick(sagas),
      this.pick(["1", "2"]),
      this.pick(instances),
      this.pick(["take", "give"]),
      this.pick(["do", "undo", "wait"]),
      this.pick([false, false, true]),
      this.pick([false, false, true]),
      this.pick([
        "null",
        JSON.stringify({ topic: this.pick(topics), until: 1_700_000_000_000.5 }),
        JSON.stringify({ topic: this.pick(topics), signal: this.pick(["1", "2"]) }),
      ]),
    ],
    "saga: write a batch": () => {
      const first = this.pick(sagas);
      const step = { saga: first, step: this.pick(["take", "give"]), kind: "do", declined: false };
      const state = this.pick(["completed", "undoing", "stuck"]);
      const failure = this.pick([null, { message: text }]);
      const pivoted = this.pick([true, false]);
      const fenced = this.pick([sagas, sagas, null]);
      const start = { id: this.pick(sagas), name: "transfer", version: 1, input: {} };
      return [
        this.pick(instances),
        fenced,
        fenced === null ? [] : sagas.map(() => this.pick(["1", "2"])),
        this.pick([null, JSON.stringify([{ ...step, pivot: false, answer: 1 }])]),
        this.pick([null, JSON.stringify([{ saga: this.pick(sagas), state, failure, pivoted }])]),
        this.pick([null, JSON.stringify([{ ...start, trace: "", principal: null }])]),
        this.pick(leases),
      ];
    },
    "saga: lock a topic": () => [this.pick(topics)],
    "saga: keep a signal": () => [this.pick(topics), JSON.stringify({ text })],
    "saga: wake who waits": () => [this.pick([topics, topics.slice(0, 1)])],
    "saga: find a signal": () => [this.pick(sagas), this.pick(topics)],
    "saga: until when it waits": () => [this.pick(sagas), this.pick(["take", "give"])],
    "saga: lock it": () => [this.pick(sagas)],
    "saga: is it beyond its pivot": () => [this.pick(sagas)],
    "saga: cancel": () => [this.pick(sagas), "client", this.pick([null, text])],
    "saga: put aside": () => [
      this.pick(sagas),
      this.pick(["1", "2"]),
      this.pick(instances),
      this.pick([null, 1_000]),
    ],
    "saga: wait for its row": () => [this.pick(sagas)],
    "saga: was it committed": () => [this.pick(sagas), "take", "do"],
  };
}

/** As the engines write values into a text. */
function inlined(name: string, text: string, values: unknown[]): Operation {
  return { name, text: inlineValues({ text, values }), values: [] };
}
