import type { Clock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";

/** A line of the log as its fields (`time`, `level`, `message`, `service`, `operation`, `trace_id` … and the author's own). */
export type LogLine = Readonly<Record<string, unknown>>;

/** Keeps what services log; with KERF_TEST_LOG set, it goes to stderr as well. */
export class CapturedLog {
  readonly logger: Logger;
  readonly lines: LogLine[] = [];

  constructor(clock: Clock) {
    const print = process.env["KERF_TEST_LOG"] !== undefined;
    this.logger = new Logger({
      level: "debug",
      clock,
      sink: (line) => {
        this.lines.push(JSON.parse(line) as LogLine);
        if (print) process.stderr.write(`${line}\n`);
      },
    });
  }

  /** The error that a service wrote down for a call of this trace, in full; what its caller is not told. */
  failureIn(traceId: string): string | undefined {
    const line = this.lines.findLast(
      (entry) => entry["trace_id"] === traceId && typeof entry["error"] === "string",
    );
    return line?.["error"] as string | undefined;
  }
}
