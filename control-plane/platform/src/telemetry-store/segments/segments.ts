import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { removeFiles, Segment, type SegmentCounts } from "./segment.ts";

/** A segment is closed after so many rows: small enough that dropping the oldest hardly shows, large enough that there are few. */
const maxRows = 250_000;
/** Or after so many milliseconds, so that what is kept by age goes when it should. */
const maxSpanMs = 6 * 3_600_000;
/** Or when it is as large, or as old, as this share of what is kept: less than that is lost with the oldest, and kept too long. */
const pieces = 8;
/** Between two looks at size and age of what is kept: rows, and milliseconds. */
const lookEveryRows = 4_000;
const lookEveryMs = 60_000;
/** Between two lines about files that cannot be read, milliseconds. */
const sayMs = 60_000;

/** What is kept: whichever bound is met first. */
export interface Retention {
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** Seven days or a gigabyte: an app of a few hundred requests a second with every hundredth traced keeps about a week. */
export const defaultRetention: Retention = {
  maxBytes: 1_073_741_824,
  maxAgeMs: 7 * 24 * 3_600_000,
};

interface Kept {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly segment: Segment;
}

/** The files of a store, oldest first. The newest is written; what is too old or too much goes a file at a time, which costs nothing. */
export class Segments {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #retention: Retention;
  #segments: Kept[] = [];
  /** Files that cannot be read, or not by this version. They go when they are old. */
  #leftOut: { readonly startedAt: number; readonly file: string }[] = [];
  #rowsUntilLook = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isLeft = false;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    directory: string,
    options: { clock: Clock; log: Logger; retention?: Retention | undefined },
  ) {
    this.#directory = directory;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#retention = options.retention ?? defaultRetention;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(directory).filter((file) => /^\d+\.db$/.test(file))) {
      const file = join(directory, name);
      const startedAt = Number.parseInt(name, 10);
      try {
        this.#segments.push({ startedAt, segment: new Segment(file) });
      } catch (error) {
        // One file that cannot be read must not take the others, nor what comes.
        this.#leftOut.push({ startedAt, file });
        this.#log.warn(`${file} cannot be read and is left out.`, { error: String(error) });
      }
    }
    this.#segments.sort((one, other) => one.startedAt - other.startedAt);
  }

  /** Where rows go now; the oldest segments may go for it. */
  current(rows: number): Segment {
    const now = this.#clock.wall();
    const last = this.#segments.at(-1);
    if (last !== undefined) {
      this.#rowsUntilLook -= rows;
      const isDue = this.#rowsUntilLook <= 0 || Math.abs(now - this.#lookedAt) >= lookEveryMs;
      if (isDue) this.#retain(now);
      if (!this.#isLeft && !this.#isFull(last, now, isDue)) return last.segment;
    }
    // Clocks go back; names must not.
    const names = [...this.#segments, ...this.#leftOut].map((one) => one.startedAt);
    const startedAt = Math.max(Math.floor(now), ...names.map((name) => name + 1));
    const segment = this.#begin(join(this.#directory, `${startedAt}.db`));
    this.#segments.push({ startedAt, segment });
    this.#isLeft = false;
    this.#retain(now);
    return segment;
  }

  /**
   * Asks each segment that holds something from between these times (milliseconds since 1970), the newest first or the oldest, until one answers false.
   * A file that is damaged is left out and said: it must not take the others.
   */
  ask(
    { from, to, oldestFirst = false }: { from: number; to: number; oldestFirst?: boolean },
    question: (segment: Segment) => boolean | void,
  ): void {
    const asked = this.#segments.filter(
      ({ segment: { period } }) => period.least <= to * 1_000 && period.greatest >= from * 1_000,
    );
    for (const { segment } of oldestFirst ? asked : asked.reverse()) {
      try {
        if (question(segment) === false) return;
      } catch (error) {
        if (!isDamage(error, unreadable)) throw error;
        if (segment === this.#segments.at(-1)?.segment) this.leave(error);
        this.#say(`${segment.file} is damaged; what cannot be read of it is left out.`, error);
      }
    }
  }

  /** Where writing failed: says whether it is the file that is damaged. Then nothing more is written into it, and the next rows begin another. */
  leave(error: unknown): boolean {
    const last = this.#segments.at(-1);
    if (last === undefined || !isDamage(error, spoilt)) return false;
    this.#say(`${last.segment.file} is damaged; what comes goes into another file.`, error);
    this.#isLeft = true;
    return true;
  }

  /** What is kept. */
  get stored(): SegmentCounts & { bytes: number; since: number | undefined } {
    const counts = this.#segments.map(({ segment }) => segment.counts);
    return {
      spans: counts.reduce((sum, { spans }) => sum + spans, 0),
      logs: counts.reduce((sum, { logs }) => sum + logs, 0),
      points: counts.reduce((sum, { points }) => sum + points, 0),
      bytes: this.#bytes(),
      since: this.#segments[0]?.startedAt,
    };
  }

  close(): void {
    for (const { segment } of this.#segments) segment.close();
    this.#segments = [];
  }

  /** Its size costs a question to the system, and is looked at now and then only. */
  #isFull({ segment, startedAt }: Kept, now: number, isDue: boolean): boolean {
    const { logs, points, spans } = segment.counts;
    const { maxAgeMs, maxBytes } = this.#retention;
    return (
      spans + logs + points >= maxRows ||
      now - startedAt >= Math.min(maxSpanMs, maxAgeMs / pieces) ||
      (isDue && segment.bytes >= maxBytes / pieces)
    );
  }

  #begin(file: string): Segment {
    try {
      return new Segment(file);
    } catch (error) {
      // On a full disk there would be another one with every attempt.
      removeFiles(file);
      throw error;
    }
  }

  #retain(now: number): void {
    const { maxAgeMs, maxBytes } = this.#retention;
    this.#rowsUntilLook = lookEveryRows;
    this.#lookedAt = now;
    this.#leftOut = this.#leftOut.filter(({ file, startedAt }) => {
      const isOld = now - startedAt > maxAgeMs;
      if (isOld) removeFiles(file);
      return !isOld;
    });
    let bytes = this.#bytes();
    while (this.#segments.length > 1) {
      const [oldest, next] = this.#segments as [Kept, Kept];
      if (bytes <= maxBytes && now - next.startedAt <= maxAgeMs) return;
      bytes -= oldest.segment.bytes;
      this.#segments.shift();
      oldest.segment.remove();
    }
  }

  #bytes(): number {
    return this.#segments.reduce((sum, { segment }) => sum + segment.bytes, 0);
  }

  #say(message: string, error: unknown): void {
    const now = this.#clock.now();
    if (now - this.#saidAt < sayMs) return;
    this.#saidAt = now;
    this.#log.warn(message, { error: String(error) });
  }
}

/** SQLite's result codes for a file that holds something else than was written: CORRUPT, NOTADB. */
const spoilt: ReadonlySet<number> = new Set([11, 26]);
/** And for one that cannot be read: IOERR, CANTOPEN. */
const unreadable: ReadonlySet<number> = new Set([...spoilt, 10, 14]);

function isDamage(error: unknown, codes: ReadonlySet<number>): boolean {
  const { errcode } = error as { errcode?: unknown };
  return typeof errcode === "number" && codes.has(errcode & 255);
}
