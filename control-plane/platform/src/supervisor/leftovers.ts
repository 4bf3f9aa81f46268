import type { Running, Runtime } from "../runtimes/runtime.ts";
import type { InstanceRecord, InstanceRecords } from "../state/instance-records.ts";

/** One that a platform before us started. */
export interface Leftover {
  readonly record: InstanceRecord;
  /** Undefined when it has ended. */
  readonly running: Running | undefined;
  /** It was started for a change that is undone. */
  readonly isUndone: boolean;
}

/** What a platform before us has left: what it wrote down of its processes, and which of them live. */
export class Leftovers {
  readonly #records: InstanceRecords;
  readonly #runtime: Runtime;

  constructor(records: InstanceRecords, runtime: Runtime) {
    this.#records = records;
    this.#runtime = runtime;
  }

  /** All of it, of several in one place first the one that is to serve. `undone`: the change that is. */
  all(undone?: string): Leftover[] {
    const isUndone = ({ change }: InstanceRecord): boolean =>
      undone !== undefined && change === undone;
    return this.#records
      .all()
      .sort((a, b) => Number(isUndone(a)) - Number(isUndone(b)) || servesBest(a, b))
      .map((record) => ({
        record,
        running: this.#runtime.adopt(record.reference),
        isUndone: isUndone(record),
      }));
  }

  /** Whether anything lives. */
  get any(): boolean {
    return this.#records.all().some((record) => this.#lives(record));
  }

  /** How many copies of each unit live, without those for the change `undone`. */
  copies(undone?: string): Map<string, number> {
    const alive = this.#records
      .all()
      .filter(
        (record) =>
          (record.change === undefined || record.change !== undone) && this.#lives(record),
      );
    const units = Map.groupBy(alive, ({ unit }) => unit);
    return new Map(
      [...units].map(([unit, records]) => [unit, new Set(records.map(({ slot }) => slot)).size]),
    );
  }

  /** Where gateways listen, by unit. */
  ports(): Map<string, number> {
    const alive = this.#records
      .all()
      .filter((record) => record.address.startsWith("http") && this.#lives(record));
    return new Map(alive.map(({ address, unit }) => [unit, Number(new URL(address).port)]));
  }

  #lives({ reference }: InstanceRecord): boolean {
    return this.#runtime.adopt(reference) !== undefined;
  }
}

/** Of several copies in one place, which one is to serve: one that was ready, of those the newest. */
function servesBest(a: InstanceRecord, b: InstanceRecord): number {
  return Number(b.ready) - Number(a.ready) || b.startedAt - a.startedAt;
}
