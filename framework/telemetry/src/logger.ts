import {
  type Clock,
  describeError,
  redacted,
  redactText,
  systemClock,
  type Trace,
} from "@kerf/kernel";
import { logFields } from "./log-fields.ts";

/** From the least to the most urgent. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line says beside its message; JSON only, never secrets. An `Error` is written in full. */
export type Fields = Readonly<Record<string, unknown>>;

/** What is not written down, as contracts mark it. */
export interface Hidden {
  /** Names of fields, wherever they stand in what an author gives. */
  readonly names: ReadonlySet<string>;
  /** Values, wherever they stand in texts; the longest first. */
  readonly values: readonly string[];
}

/** Takes finished lines, without their line end. */
export type LogSink = (line: string) => void;

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };
/** Longest line in characters; what is beyond is cut, so that one value cannot fill a disk. */
const maxLine = 16_384;

/** Writes structured logs: one JSON object a line, with the fields of `logFields`. */
export class Logger {
  readonly #level: LogLevel;
  readonly #sink: LogSink;
  readonly #clock: Clock;
  readonly #bound: Fields;
  readonly #hidden: (() => Hidden) | undefined;

  constructor(options: {
    level: LogLevel;
    sink: LogSink;
    clock?: Clock | undefined;
    fields?: Fields | undefined;
    /** Asked when a line is written, and not before. */
    hidden?: (() => Hidden) | undefined;
  }) {
    this.#level = options.level;
    this.#sink = options.sink;
    this.#clock = options.clock ?? systemClock;
    this.#bound = options.fields ?? {};
    this.#hidden = options.hidden;
  }

  /** A logger whose lines all carry `fields`. */
  with(fields: Fields): Logger {
    return this.#like({ ...this.#bound, ...fields }, this.#hidden);
  }

  /** A logger that writes nothing of what is hidden, in the place of what was until now. */
  hiding(hidden: () => Hidden): Logger {
    return this.#like(this.#bound, hidden);
  }

  /** A logger whose lines belong to `trace`. */
  in(trace: Trace): Logger {
    return this.with({ trace_id: trace.traceId, span_id: trace.spanId });
  }

  enabled(level: LogLevel): boolean {
    return order[level] >= order[this.#level];
  }

  debug(message: string, fields?: Fields): void {
    this.#write("debug", message, fields);
  }
  info(message: string, fields?: Fields): void {
    this.#write("info", message, fields);
  }
  warn(message: string, fields?: Fields): void {
    this.#write("warn", message, fields);
  }
  error(message: string, fields?: Fields): void {
    this.#write("error", message, fields);
  }

  #write(level: LogLevel, message: string, fields: Fields | undefined): void {
    if (!this.enabled(level)) return;
    const entry = {
      time: new Date(this.#clock.wall()).toISOString(),
      level,
      message,
      ...this.#bound,
      ...fields,
    };
    const hidden = this.#hidden?.();
    const isNothing = hidden === undefined || hidden.names.size + hidden.values.length === 0;
    this.#sink(render(entry, isNothing ? undefined : hidden));
  }

  #like(fields: Fields, hidden: (() => Hidden) | undefined): Logger {
    return new Logger({
      level: this.#level,
      sink: this.#sink,
      clock: this.#clock,
      fields,
      hidden,
    });
  }
}

function render(entry: Fields, hidden: Hidden | undefined): string {
  let seen = new WeakSet<object>();
  let top = entry;
  function replace(this: unknown, key: string, given: unknown): unknown {
    const value = hidden === undefined ? given : shownOf(key, given, this === top, hidden);
    if (value instanceof Error) {
      const text = describeError(value);
      return hidden === undefined ? text : redactText(text, hidden.values);
    }
    if (typeof value === "bigint") return value.toString();
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return "[again]";
      seen.add(value);
    }
    return value;
  }
  const write = (value: unknown): string => {
    seen = new WeakSet();
    return JSON.stringify(value, replace);
  };
  const line = write(entry);
  if (line.length <= maxLine) return line;
  // Cut what is long instead of the line, which must stay JSON.
  const short = Object.fromEntries(
    Object.entries(entry).map(([key, given]) => {
      const value = hidden === undefined ? given : shownOf(key, given, true, hidden);
      const text = typeof value === "string" ? value : (write(value) ?? "");
      return [
        key,
        text.length > 1024 ? `${text.slice(0, 1024)}… (${text.length} characters)` : value,
      ];
    }),
  );
  top = short;
  return write(short).slice(0, maxLine * 2);
}

/** Ids and names that the platform itself gives: they hold nothing of anybody's, and must stay what they are. */
const given: ReadonlySet<string> = new Set(
  Object.keys(logFields).filter((name) => name !== "message" && name !== "error"),
);

function shownOf(key: string, value: unknown, isTop: boolean, hidden: Hidden): unknown {
  if (isTop && Object.hasOwn(logFields, key)) {
    return typeof value === "string" && !given.has(key) ? redactText(value, hidden.values) : value;
  }
  if (hidden.names.has(key)) return redacted;
  if (typeof value === "string") return redactText(value, hidden.values);
  return typeof value === "number" && hidden.values.includes(String(value)) ? redacted : value;
}

/** A logger that says nothing; for tests that look at something else. */
export const silentLogger: Logger = new Logger({ level: "error", sink: () => {} });
