import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Attributes, ReceivedPoint } from "../otlp/received.ts";

/** Most series whose numbers are kept in memory. */
const maxSeries = 20_000;

/** Writes points of metrics into a segment, within its transactions. */
export class PointWriter {
  readonly #series = new Map<string, number>();
  readonly #insertSeries: StatementSync;
  readonly #seriesOf: StatementSync;
  readonly #insertPoint: StatementSync;

  constructor(db: DatabaseSync) {
    this.#insertSeries = db.prepare(
      `insert into series (name, resource, unit, kind, cumulative, attributes) values (?, ?, ?, ?, ?, ?)`,
    );
    this.#seriesOf = db.prepare(
      `select id from series
         where name = ? and resource = ? and unit = ? and kind = ? and cumulative = ? and attributes = ?`,
    );
    this.#insertPoint = db.prepare(
      `insert into points (series, started, at, value, count, buckets, exemplars) values (?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  add(name: number, resource: number, point: ReceivedPoint): void {
    const { at, buckets, count, exemplars, startedAt, value } = point;
    this.#insertPoint.run(
      this.#seriesId(name, resource, point),
      startedAt,
      at,
      value,
      count ?? null,
      // What is endless is null there.
      buckets === undefined ? null : JSON.stringify(buckets),
      exemplars === undefined ? null : JSON.stringify(exemplars),
    );
  }

  /** Forgets the numbers of series: those of a transaction that was taken back are gone with it. */
  forget(): void {
    this.#series.clear();
  }

  #seriesId(
    name: number,
    resource: number,
    { attributes, cumulative, kind, unit }: ReceivedPoint,
  ): number {
    const text = JSON.stringify(sorted(attributes ?? {}));
    const of = [name, resource, unit, kind, cumulative ? 1 : 0, text] as const;
    const key = of.join("\n");
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    if (this.#series.size >= maxSeries) this.#series.clear();
    const found = (this.#seriesOf.get(...of) as { id: number } | undefined)?.id;
    const id = found ?? Number(this.#insertSeries.run(...of).lastInsertRowid);
    this.#series.set(key, id);
    return id;
  }
}

/** The order of attributes says nothing. */
function sorted(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}
