import { type Clock, describeError, systemClock, type Trace } from "@kerf/kernel";

/** From the least to the most urgent. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a line says beside its message; JSON only, never secrets. An `Error` is written in full. */
export type Fields = Readonly<Record<string, unknown>>;

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

  constructor(options: { level: LogLevel; sink: LogSink; clock?: Clock; fields?: Fields }) {
    this.#level = options.level;
    this.#sink = options.sink;
    this.#clock = options.clock ?? systemClock;
    this.#bound = options.fields ?? {};
  }

  /** A logger whose lines all carry `fields`. */
  with(fields: Fields): Logger {
    return new Logger({
      level: this.#level,
      sink: this.#sink,
      clock: this.#clock,
      fields: { ...this.#bound, ...fields },
    });
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
    this.#sink(render(entry));
  }
}

function render(entry: Fields): string {
  const seen = new WeakSet<object>();
  const replace = (_key: string, value: unknown): unknown => {
    if (value instanceof Error) return describeError(value);
    if (typeof value === "bigint") return value.toString();
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return "[again]";
      seen.add(value);
    }
    return value;
  };
  const line = JSON.stringify(entry, replace);
  if (line.length <= maxLine) return line;
  // Cut what is long instead of the line, which must stay JSON.
  const short = Object.fromEntries(
    Object.entries(entry).map(([key, value]) => {
      const text = typeof value === "string" ? value : (JSON.stringify(value, replace) ?? "");
      return [
        key,
        text.length > 1024 ? `${text.slice(0, 1024)}… (${text.length} characters)` : value,
      ];
    }),
  );
  return JSON.stringify(short, replace).slice(0, maxLine * 2);
}

/** A logger that says nothing; for tests that look at something else. */
export const silentLogger: Logger = new Logger({ level: "error", sink: () => {} });
