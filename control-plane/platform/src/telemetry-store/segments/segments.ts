import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { Segment } from "./segment.ts";

/** A segment is closed after so many rows: small enough that dropping the oldest hardly shows, large enough that there are few. */
const maxRows = 250_000;
/** Or after so many milliseconds, so that what is kept by age goes when it should. */
const maxSpanMs = 6 * 3_600_000;
/** Rows between two looks at the size of what is kept. */
const lookEveryRows = 20_000;
/** How much later than it happened something may arrive, milliseconds: long requests, and batches that wait for a store that was away. */
const lateMs = 3_600_000;

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
  #rowsUntilLook = 0;

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
      try {
        this.#segments.push({ startedAt: Number.parseInt(name, 10), segment: new Segment(file) });
      } catch (error) {
        // One file that cannot be read must not take the others, nor what comes.
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
      const { spans, logs } = last.segment.counts;
      const isFull = spans + logs >= maxRows || now - last.startedAt >= maxSpanMs;
      if (!isFull) {
        this.#rowsUntilLook -= rows;
        if (this.#rowsUntilLook <= 0) this.#retain(now);
        return last.segment;
      }
    }
    // Clocks go back; names must not.
    const startedAt = Math.max(Math.floor(now), (last?.startedAt ?? 0) + 1);
    const segment = new Segment(join(this.#directory, `${startedAt}.db`));
    this.#segments.push({ startedAt, segment });
    this.#retain(now);
    return segment;
  }

  /** Newest first, those that may hold something from between these times (milliseconds since 1970). */
  between(from: number, to: number): Segment[] {
    return this.#segments
      .filter(({ startedAt }, at) => {
        const end = this.#segments[at + 1]?.startedAt ?? Number.POSITIVE_INFINITY;
        // Rows arrive later than they happened, at most by the time for which programs keep them.
        return startedAt - lateMs <= to && end >= from;
      })
      .map(({ segment }) => segment)
      .reverse();
  }

  /** What is kept. */
  get stored(): { spans: number; logs: number; bytes: number; since: number | undefined } {
    const counts = this.#segments.map(({ segment }) => segment.counts);
    return {
      spans: counts.reduce((sum, { spans }) => sum + spans, 0),
      logs: counts.reduce((sum, { logs }) => sum + logs, 0),
      bytes: this.#segments.reduce((sum, { segment }) => sum + segment.bytes, 0),
      since: this.#segments[0]?.startedAt,
    };
  }

  close(): void {
    for (const { segment } of this.#segments) segment.close();
    this.#segments = [];
  }

  #retain(now: number): void {
    const { maxAgeMs, maxBytes } = this.#retention;
    this.#rowsUntilLook = lookEveryRows;
    let bytes = this.#segments.reduce((sum, { segment }) => sum + segment.bytes, 0);
    while (this.#segments.length > 1) {
      const [oldest, next] = this.#segments as [Kept, Kept];
      if (bytes <= maxBytes && now - next.startedAt <= maxAgeMs) return;
      bytes -= oldest.segment.bytes;
      this.#segments.shift();
      oldest.segment.remove();
    }
  }
}
