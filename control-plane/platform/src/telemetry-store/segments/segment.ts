import { rmSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { KerfError } from "@kerf/kernel";
import type { ReceivedLog, ReceivedResource, ReceivedSpan } from "../otlp/received.ts";
import { schema, schemaVersion } from "./schema.ts";

/** How much of a file SQLite keeps in memory, KiB. */
const cacheKib = 16_384;
/** Most names whose numbers are kept in memory. */
const maxNames = 10_000;

/** What a segment holds. */
export interface SegmentCounts {
  readonly spans: number;
  readonly logs: number;
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
}

/** One file of the store. */
export class Segment {
  readonly file: string;
  readonly #db: DatabaseSync;
  #writers: Writers | undefined;
  #resources = new WeakMap<ReceivedResource, number>();
  readonly #names = new Map<string, number>();
  #spans: number;
  #logs: number;

  /** Opens a file, or makes it. Throws what SQLite says when it cannot be used. */
  constructor(file: string) {
    this.file = file;
    this.#db = new DatabaseSync(file, { timeout: 5_000 });
    // What is lost with the machine is a second of telemetry; a process that dies loses nothing.
    this.#db.exec(
      `pragma journal_mode = wal; pragma synchronous = off; pragma cache_size = -${cacheKib}`,
    );
    const { user_version: version } = this.#one("pragma user_version") as { user_version: number };
    if (version === 0)
      this.#db.exec(`begin; ${schema}; pragma user_version = ${schemaVersion}; commit`);
    else if (version !== schemaVersion) {
      this.#db.close();
      throw new KerfError("other_version", `${file} was written by another version.`);
    }
    this.#spans = this.#last("spans");
    this.#logs = this.#last("logs");
  }

  get counts(): SegmentCounts {
    return { spans: this.#spans, logs: this.#logs };
  }

  /** Bytes of its content, free pages included. */
  get bytes(): number {
    const { bytes } = this.#one(
      "select page_count * page_size as bytes from pragma_page_count(), pragma_page_size()",
    ) as { bytes: number };
    return bytes;
  }

  /** Does all of it, or nothing: what throws takes back what was written. */
  transaction(work: () => void): void {
    const { begin, commit, rollback } = this.#write();
    begin.run();
    try {
      work();
      commit.run();
    } catch (error) {
      // Numbers that the transaction gave to texts are gone with it.
      this.#names.clear();
      this.#resources = new WeakMap();
      rollback.run();
      this.#spans = this.#last("spans");
      this.#logs = this.#last("logs");
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
      span.endedAt - span.startedAt,
      span.failed ? 1 : 0,
      span.attributes === undefined ? null : JSON.stringify(span.attributes),
      rest,
    );
    this.#spans++;
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
    this.#logs++;
  }

  /** Rows of a query, at most as many as it says itself. */
  all(sql: string, ...parameters: readonly (string | number | Uint8Array | null)[]): Row[] {
    return this.#db.prepare(sql).all(...parameters) as Row[];
  }

  close(): void {
    this.#db.close();
  }

  /** Closes it and removes its files. */
  remove(): void {
    this.#db.close();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${this.file}${suffix}`, { force: true });
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
    };
    return this.#writers;
  }

  #last(table: "spans" | "logs"): number {
    const { last } = this.#one(`select coalesce(max(id), 0) as last from ${table}`) as {
      last: number;
    };
    return last;
  }

  #one(sql: string): unknown {
    return this.#db.prepare(sql).get();
  }
}
