import { watch } from "node:fs";
import { dirname } from "node:path";
import type { LogLine } from "@kerf/control-api";
import type { Clock } from "@kerf/kernel";
import { type LogPosition, readOn, tailOf } from "../telemetry/log-tail.ts";

/** A log and whose it is. */
export interface LogSource {
  /** A unit, `gateway:NAME`, `postgres:NAME` or `platform`. */
  readonly source: string;
  readonly file: string;
  /** Only lines of this service, and those that name none. */
  readonly service?: string | undefined;
}

/** How much of each log's end is read to begin with, and at a time, in bytes. */
const windowBytes = 1024 * 1024;
/** Longest line that is passed on, in characters. */
const longest = 16_384;
/** How often logs are looked at when the system does not tell of changes, in milliseconds. */
const pollMs = 1_000;

/**
 * The last lines of several logs in the order of their times, then, with `follow`, what is written to them until `signal`
 * aborts; `sources` is asked again and again, since logs come and go.
 */
export async function* readLogs(options: {
  sources: () => readonly LogSource[];
  tail: number;
  follow: boolean;
  clock: Clock;
  signal: AbortSignal;
}): AsyncGenerator<LogLine> {
  const readers = new Map<string, LogReader>();
  const refresh = (): LogReader[] => {
    const added: LogReader[] = [];
    for (const source of options.sources()) {
      if (readers.has(source.file)) continue;
      const reader = new LogReader(source, options.clock);
      readers.set(source.file, reader);
      added.push(reader);
    }
    return added;
  };
  const since = new Date(options.clock.wall()).toISOString();
  const first = refresh();
  const past = (await Promise.all(first.map((reader) => reader.last()))).flat();
  // Stable: lines of one log stay in their order.
  past.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  yield* options.tail === 0 ? [] : past.slice(-options.tail);
  if (!options.follow) return;
  const changes = new Changes(options.clock, options.signal, () =>
    [...readers.keys()].map((file) => dirname(file)),
  );
  try {
    while (!options.signal.aborted) {
      await changes.next();
      for (const reader of refresh()) yield* writtenSince(await reader.last(), since);
      for (const reader of readers.values()) yield* reader.more();
    }
  } finally {
    changes.stop();
  }
}

/** Reads one log from where it left off, in what is set aside meanwhile too. */
class LogReader {
  readonly #source: LogSource;
  readonly #clock: Clock;
  #position: LogPosition | undefined;
  /** When what is read now was written, where a line does not say so itself. */
  #time: string;

  constructor(source: LogSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#time = new Date(clock.wall()).toISOString();
  }

  /** What stands at its end. */
  async last(): Promise<LogLine[]> {
    this.#position = await tailOf(this.#source.file, windowBytes);
    const cut = this.#position !== undefined && this.#position.at > 0;
    const texts: string[] = [];
    for await (const text of this.#read()) texts.push(text);
    if (cut) texts.shift();
    // Lines that say no time of their own were written after those before them, however long ago that was.
    const first = texts.map(ownTime).find((time) => time !== undefined);
    if (first !== undefined) this.#time = first;
    return texts.flatMap((text) => this.#line(text));
  }

  /** What came since. */
  async *more(): AsyncGenerator<LogLine> {
    for await (const text of this.#read()) {
      this.#time = new Date(this.#clock.wall()).toISOString();
      yield* this.#line(text);
    }
  }

  async *#read(): AsyncGenerator<string> {
    for (;;) {
      const piece = await readOn(this.#source.file, this.#position, windowBytes);
      if (piece === undefined) return;
      this.#position = piece.next;
      yield* piece.lines;
    }
  }

  #line(text: string): LogLine[] {
    this.#time = ownTime(text) ?? this.#time;
    const line = text.slice(0, longest);
    const entry = structured(text);
    const service = string(entry?.["service"]);
    if (
      this.#source.service !== undefined &&
      service !== undefined &&
      service !== this.#source.service
    )
      return [];
    const level = string(entry?.["level"]);
    const message = string(entry?.["message"]);
    return [
      {
        time: this.#time,
        source: this.#source.source,
        line,
        ...(level === undefined ? undefined : { level }),
        ...(message === undefined ? undefined : { message }),
        ...(service === undefined ? undefined : { service }),
      },
    ];
  }
}

/** A log that comes later may be an old one, of a place that is filled again: of that nothing is new. */
function writtenSince(lines: readonly LogLine[], since: string): readonly LogLine[] {
  return lines.slice(lines.findLastIndex(({ time }) => time < since) + 1);
}

/** Tells when something in the logs' directories changed; looks from time to time where the system does not tell. */
class Changes {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #directories: () => readonly string[];
  readonly #watched = new Map<string, { close(): void }>();
  #wake = Promise.withResolvers<void>();

  constructor(clock: Clock, signal: AbortSignal, directories: () => readonly string[]) {
    this.#clock = clock;
    this.#signal = signal;
    this.#directories = directories;
    signal.addEventListener("abort", this.#onAbort);
  }

  async next(): Promise<void> {
    for (const directory of this.#directories()) {
      if (this.#watched.has(directory)) continue;
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#wake.resolve());
        watcher.on("error", () => {});
        this.#watched.set(directory, watcher);
      } catch {
        this.#watched.set(directory, { close: () => {} });
      }
    }
    const timer = this.#clock.after(pollMs, () => this.#wake.resolve());
    await this.#wake.promise;
    timer.cancel();
    this.#wake = Promise.withResolvers<void>();
  }

  stop(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    for (const watcher of this.#watched.values()) watcher.close();
  }

  readonly #onAbort = (): void => this.#wake.resolve();
}

function structured(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** When a line says that it was written. */
function ownTime(line: string): string | undefined {
  return string(structured(line)?.["time"]) ?? plainTime(line);
}

/** The time at the beginning of a line of PostgreSQL's log (UTC). */
function plainTime(line: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d\.\d{3}) (?:UTC|GMT) /.exec(line);
  return match === null ? undefined : `${match[1]}T${match[2]}Z`;
}

function string(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
