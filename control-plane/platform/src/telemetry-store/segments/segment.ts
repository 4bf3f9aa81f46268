import { rmSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { KerfError } from "@kerf/kernel";
import type {
  ReceivedLog,
  ReceivedPoint,
  ReceivedResource,
  ReceivedSpan,
} from "../otlp/received.ts";
import { PointWriter } from "./point-writer.ts";
import { schema, schemaVersion } from "./schema.ts";

/** How much of a file SQLite keeps in memory, KiB. */
const cacheKib = 16_384;
/** Most names whose numbers are kept in memory. */
const maxNames = 10_000;
/** Most statements that are kept prepared for being asked again. */
const maxPrepared = 50;

/** What a segment holds. */
export interface SegmentCounts {
  readonly spans: number;
  readonly logs: number;
  readonly points: number;
}

/** The earliest and the latest time of what a segment holds, microseconds since 1970. */
export interface Period {
  readonly least: number;
  readonly greatest: number;
}

/** A row as SQLite has it. */
export type Row = Readonly<Record<string, string | number | Uint8Array | null>>;

interface Writers {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
  readonly resource: StatementSync;
  readonly resourceOf: StatementSync;
  readonly name: StatementSync;
  readonly nameOf: StatementSync;
  readonly span: StatementSync;
  readonly log: StatementSync;
  readonly points: PointWriter;
  readonly period: StatementSync;
}

/** One file of the store. */
export class Segment {
  readonly file: string;
  readonly #db: DatabaseSync;
  #writers: Writers | undefined;
  #resources = new WeakMap<ReceivedResource, number>();
  readonly #names = new Map<string, number>();
  readonly #prepared = new Map<string, StatementSync>();
  #counts = { spans: 0, logs: 0, points: 0 };
  #period = { least: Number.MAX_SAFE_INTEGER, greatest: 0 };

  /** Opens a file, or makes it. Throws what SQLite says when it cannot be used. */
  constructor(file: string) {
    this.file = file;
    this.#db = new DatabaseSync(file, { timeout: 5_000 });
    try {
      this.#open();
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get counts(): SegmentCounts {
    return this.#counts;
  }

  /** What it holds nothing of lies after its end. */
  get period(): Period {
    return this.#period;
  }

  /** Bytes that it takes on the disk. */
  get bytes(): number {
    return [this.file, `${this.file}-wal`].reduce(
      (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  }

  /** Does all of it, or nothing: what throws takes back what was written. */
  transaction(work: () => void): void {
    const { begin, commit, period, rollback } = this.#write();
    begin.run();
    try {
      work();
      period.run(this.#period.least, this.#period.greatest);
      commit.run();
    } catch (error) {
      this.#takenBack(rollback);
      throw error;
    }
  }

  /** Within a transaction. */
  addSpan(resource: ReceivedResource, span: ReceivedSpan): void {
    const { events, links, message } = span;
    const rest =
      events === undefined && links === undefined && message === undefined
        ? null
        : JSON.stringify({ events, links, message });
    this.#write().span.run(
      span.traceId,
      span.spanId,
      span.parentId ?? null,
      this.#resourceId(resource),
      this.#nameId(span.name),
      span.kind,
      span.startedAt,
      // Clocks go back.
      Math.max(0, span.endedAt - span.startedAt),
      span.failed ? 1 : 0,
      span.attributes === undefined ? null : JSON.stringify(span.attributes),
      rest,
    );
    this.#counts.spans++;
    this.#reaches(span.startedAt);
  }

  /** Within a transaction. */
  addLog(resource: ReceivedResource, log: ReceivedLog): void {
    this.#write().log.run(
      log.at,
      log.severity,
      this.#resourceId(resource),
      log.traceId ?? null,
      log.spanId ?? null,
      typeof log.body === "string" ? log.body : JSON.stringify(log.body),
      log.attributes === undefined ? null : JSON.stringify(log.attributes),
    );
    this.#counts.logs++;
    this.#reaches(log.at);
  }

  /** Within a transaction. */
  addPoint(resource: ReceivedResource, point: ReceivedPoint): void {
    this.#write().points.add(this.#nameId(point.name), this.#resourceId(resource), point);
    this.#counts.points++;
    this.#reaches(point.at);
  }

  /** Rows of a query, at most as many as it says itself. */
  all(sql: string, ...parameters: readonly (string | number | Uint8Array | null)[]): Row[] {
    return this.#statement(sql).all(...parameters) as Row[];
  }

  /** Rows of a query one after the other, for whoever knows only then how many are enough. */
  each(
    sql: string,
    ...parameters: readonly (string | number | Uint8Array | null)[]
  ): Iterable<Row> {
    return this.#db.prepare(sql).iterate(...parameters) as Iterable<Row>;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  /** Closes it and removes its files. */
  remove(): void {
    this.close();
    removeFiles(this.file);
  }

  #resourceId(resource: ReceivedResource): number {
    const known = this.#resources.get(resource);
    if (known !== undefined) return known;
    const { attributes } = resource;
    const text = JSON.stringify(attributes);
    const { resource: insert, resourceOf } = this.#write();
    const found = (resourceOf.get(text) as { id: number } | undefined)?.id;
    const said = (name: string): string | null => {
      const value = attributes[name];
      return typeof value === "string" ? value : null;
    };
    const id =
      found ??
      Number(
        insert.run(
          said("service.name") ?? "unknown_service",
          said("kerf.unit"),
          said("service.version"),
          said("service.instance.id"),
          text,
        ).lastInsertRowid,
      );
    this.#resources.set(resource, id);
    return id;
  }

  #nameId(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    // Names come from outside, and some programs put ids into them.
    if (this.#names.size >= maxNames) this.#names.clear();
    const { name: insert, nameOf } = this.#write();
    const found = (nameOf.get(name) as { id: number } | undefined)?.id;
    const id = found ?? Number(insert.run(name).lastInsertRowid);
    this.#names.set(name, id);
    return id;
  }

  #write(): Writers {
    if (this.#writers !== undefined) return this.#writers;
    const db = this.#db;
    this.#writers = {
      begin: db.prepare("begin immediate"),
      commit: db.prepare("commit"),
      rollback: db.prepare("rollback"),
      resource: db.prepare(
        "insert into resources (service, unit, release, instance, attributes) values (?, ?, ?, ?, ?)",
      ),
      resourceOf: db.prepare("select id from resources where attributes = ?"),
      name: db.prepare("insert into names (name) values (?)"),
      nameOf: db.prepare("select id from names where name = ?"),
      span: db.prepare(
        `insert into spans (trace, span, parent, resource, name, kind, started, duration, failed, attributes, rest)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ),
      log: db.prepare(
        "insert into logs (at, severity, resource, trace, span, body, attributes) values (?, ?, ?, ?, ?, ?, ?)",
      ),
      points: new PointWriter(db),
      period: db.prepare(
        `insert into period (id, least, greatest) values (1, ?, ?)
           on conflict do update set least = excluded.least, greatest = excluded.greatest`,
      ),
    };
    return this.#writers;
  }

  #open(): void {
    // What is lost with the machine is a second of telemetry; a process that dies loses nothing.
    this.#db.exec(
      `pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -${cacheKib}`,
    );
    const { user_version: version } = this.#one("pragma user_version") as { user_version: number };
    if (version === 0)
      this.#db.exec(`begin; ${schema}; pragma user_version = ${schemaVersion}; commit`);
    else if (version !== schemaVersion)
      throw new KerfError("other_version", `${this.file} was written by another version.`);
    this.#counts = this.#countsOnDisk();
    this.#period = this.#periodOnDisk();
  }

  #reaches(at: number): void {
    if (at < this.#period.least) this.#period.least = at;
    if (at > this.#period.greatest) this.#period.greatest = at;
  }

  #takenBack(rollback: StatementSync): void {
    // Numbers that the transaction gave to texts are gone with it.
    this.#names.clear();
    this.#resources = new WeakMap();
    this.#writers?.points.forget();
    // Where the disk failed, SQLite took it back by itself.
    if (this.#db.isTransaction) rollback.run();
    this.#counts = this.#countsOnDisk();
    this.#period = this.#periodOnDisk();
  }

  #countsOnDisk(): { spans: number; logs: number; points: number } {
    const last = (table: string): number =>
      (this.#one(`select coalesce(max(id), 0) as last from ${table}`) as { last: number }).last;
    return { spans: last("spans"), logs: last("logs"), points: last("points") };
  }

  #periodOnDisk(): { least: number; greatest: number } {
    const found = this.#one("select least, greatest from period") as
      | { least: number; greatest: number }
      | undefined;
    return found ?? { least: Number.MAX_SAFE_INTEGER, greatest: 0 };
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    if (this.#prepared.size >= maxPrepared) this.#prepared.clear();
    const statement = this.#db.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #one(sql: string): unknown {
    return this.#db.prepare(sql).get();
  }
}

/** Removes a segment with what SQLite keeps beside it. */
export function removeFiles(file: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
}
