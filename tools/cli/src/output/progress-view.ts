import type { ProgressEvent } from "@kerf/control-api";
import { EventText } from "./event-text.ts";
import { printJson } from "./json.ts";
import { paintFor } from "./paint.ts";
import { StepLines } from "./step-lines.ts";
import { StepReminders } from "./step-reminders.ts";
import { underWay } from "./under-way.ts";

/** Where it is shown what happens. */
export interface ProgressView {
  /** Something that the platform says. */
  event(event: ProgressEvent): void;
  /** Something that the launcher says of itself. */
  note(text: string): void;
  /** The picture and what to try next, once everything is ready. */
  result(text: string): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

/** What people see on stderr: moving lines on a terminal, plain lines in a log. The same with `--json`, which is about stdout. */
export function progressView(cwd: string): ProgressView {
  const text = new EventText(paintFor(process.stderr), cwd);
  const steps =
    process.stderr.isTTY && process.env["TERM"] !== "dumb"
      ? new StepLines(process.stderr)
      : undefined;
  const say = (lines: string): void => {
    if (steps === undefined) process.stderr.write(`${lines}\n`);
    else steps.print(lines);
  };
  const shown = steps ?? new StepReminders(say);
  return {
    event(event) {
      const step = underWay(event);
      if (step !== undefined) shown.update(step);
      const lines = text.of(event);
      if (lines !== undefined) say(lines);
    },
    note: say,
    result(lines) {
      steps?.clear();
      process.stdout.write(`${lines}\n`);
    },
    close: () => shown.close(),
  };
}

/** Where what happens is the answer: events as JSON lines on stdout. What the launcher tells people is no data. */
export const eventLines: ProgressView = {
  event: printJson,
  note: (text) => void process.stderr.write(`${text}\n`),
  result: () => {},
  close: () => {},
};
