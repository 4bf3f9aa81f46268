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
const keys = ["a", "q", "b"];
const log = "00000000-0000-0000-0000-000000000000";

/** Draws the engines' own statements, with values that meet. */
export class OperationSource {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** Draws one of these. */
  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random.next() * from.length)] as T;
  }

  /** Draws the next statement. */
  next(): Operation {
    const name = this.pick(Object.keys(this.#values));
    const values = (this.#values[name] as () => unknown[])();
    const { sql } = statements.named(name);
    if (!sql.includes("'?'")) return { name, text: sql, values };
    // What the engine writes into the text.
    let at = 0;
    return { name, values: [], text: sql.replaceAll("'?'", () => literal(values[at++])) };
  }

  readonly #values: Readonly<Record<string, () => unknown[]>> = {
    "command: claim": () => {
      const scope = this.pick(scopes);
      return [scope, this.pick(scopes), sagas.indexOf(scope) + 77];
    },
    "command: record": () => [this.pick(scopes), this.pick(scopes), this.pick([true, false]), "{}"],
    "outbox: append": () => {
      const drawn = [this.pick(keys), this.pick(keys)].slice(0, this.pick([1, 2]));
      return [
        drawn.map((key) => shardOf(key)),
        drawn.map(() => "moved"),
        drawn,
        drawn.map(() => 1),
        drawn.map((key) => JSON.stringify({ key })),
        "",
        null,
      ];
    },
    "log: last value": () => [],
    "log: an xid of one's own": () => [],
    "log: oldest in progress": () => [],
    "log: page": () => [[shardOf("a"), shardOf("b")], ["0", this.pick(["0", "1"])], "1000", 100],
    "log: a reader tells where it stands": () => ["east", [12], [this.pick(["1", "2"])]],
    "consumer: beat": () => ["east", this.pick(instances), this.pick(leases)],
    "consumer: rows of all shards": () => ["east", 4],
    "consumer: give back what is beyond the share": () => [
      "east",
      this.pick(instances),
      this.pick([0, 1, 2]),
    ],
    "consumer: take what is free": () => [
      "east",
      this.pick(instances),
      this.pick([1, 2, 4]),
      this.pick(leases),
    ],
    "consumer: what is owned": () => ["east", this.pick(instances)],
    "consumer: is gone": () => ["east", this.pick(instances)],
    "consumer: give all back": () => ["east", this.pick(instances)],
    "consumer: move watermarks": () => [
      "east",
      this.pick(instances),
      log,
      [this.pick([0, 1]), 2],
      [this.pick(["1", "2"]), "1"],
      [this.pick(["1", "2"]), "1"],
      ["0", "0"],
    ],
    "consumer: parked keys": () => ["east", keys],
    "consumer: park": () => ["east", 1, this.pick(keys), this.pick(["1", "2"]), "{}", "error"],
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
    ],
    "saga: beat": () => [sagas.slice(0, 2), this.pick(instances), this.pick(leases)],
    "saga: release": () => [[this.pick(sagas)], this.pick(instances)],
    "saga: steps": () => [this.pick(sagas)],
    "saga: record a step": () => [
      this.pick(sagas),
      this.pick(["1", "2"]),
      this.pick(instances),
      this.pick(["take", "give"]),
      this.pick(["do", "undo"]),
      false,
      false,
      "null",
    ],
    "saga: write a batch": () => {
      const first = this.pick(sagas);
      const step = { saga: first, step: this.pick(["take", "give"]), kind: "do", declined: false };
      const state = this.pick(["completed", "undoing", "stuck"]);
      return [
        sagas,
        sagas.map(() => this.pick(["1", "2"])),
        this.pick(instances),
        JSON.stringify([{ ...step, pivot: false, answer: 1 }]),
        JSON.stringify(
          this.pick([[], [{ saga: this.pick(sagas), state, failure: null, pivoted: false }]]),
        ),
        JSON.stringify(
          this.pick([
            [],
            [
              {
                id: this.pick(sagas),
                name: "transfer",
                version: 1,
                input: {},
                trace: "",
                principal: null,
              },
            ],
          ]),
        ),
        this.pick(leases),
      ];
    },
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

function literal(value: unknown): string {
  return typeof value === "number" ? String(value) : `'${value as string}'`;
}
