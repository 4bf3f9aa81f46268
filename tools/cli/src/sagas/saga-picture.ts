import type { Paint } from "../output/paint.ts";
import { oneLine } from "../output/printable.ts";
import { padTo, widthOf } from "../output/width.ts";
import type { SagaDetail, SagaStep } from "./saga-answers.ts";

/** Characters of an answer that are shown. */
const longestAnswer = 60;

/** A saga in full: what it is, each record with its time, and how it stands. */
export function sagaText(service: string, saga: SagaDetail, paint: Paint): string {
  const { id, input, name, notes, startedAt, version } = saga;
  return [
    `${paint("strong", `${name} ${version}`)} of ${service}, ${id}`,
    paint("faint", `started ${startedAt}, with ${short(input)}`),
    "",
    ...stepLines(saga).map((line) => `  ${line}`),
    "",
    `  ${paint(saga.state === "stuck" ? "bad" : "strong", endLine(saga))}`,
    ...notes.map(({ action, at, by, note }) =>
      paint(
        "faint",
        `  ${at.slice(0, 19)} ${action} by ${oneLine(by)}${note === undefined ? "" : `: ${oneLine(note)}`}`,
      ),
    ),
  ].join("\n");
}

function stepLines({ startedAt, steps }: SagaDetail): string[] {
  // What came of a wait says so itself.
  const ended = new Set(steps.filter(({ kind }) => kind === "do").map(({ step }) => step));
  const shown = steps.filter(({ kind, step }) => kind !== "wait" || !ended.has(step));
  const names = shown.map(({ step }) => oneLine(step));
  const width = Math.max(0, ...names.map(widthOf));
  const times = shown.map(({ at }) => since(startedAt, at));
  const timeWidth = Math.max(0, ...times.map(widthOf));
  return shown.map((record, index) => {
    const time = padTo(times[index] ?? "", timeWidth, "left");
    return `${time}  ${padTo(names[index] ?? "", width)}  ${outcome(record)}`;
  });
}

function outcome({ answer, declined, kind, pivot }: SagaStep): string {
  if (kind === "undo") return "↶ undone";
  if (kind === "wait") return "… waits";
  if (declined) return `✗ ${oneLine((answer as { code?: string }).code ?? "declined")}`;
  const said = answer !== null ? ` ${short(answer)}` : "";
  return `✓${pivot ? " pivot: nothing is undone from here on" : ""}${said}`;
}

function endLine({ failure, state }: SagaDetail): string {
  if (failure === null || state === "completed") return state;
  const first =
    failure.undoing === undefined ? "" : ` (undone for: ${oneLine(failure.undoing.message)})`;
  return `${state}: ${oneLine(failure.message)}${first}`;
}

function since(start: string, at: string): string {
  const ms = Math.max(0, Date.parse(at) - Date.parse(start));
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${(ms / 60_000).toFixed(0)} min`;
}

function short(value: unknown): string {
  const text = oneLine(JSON.stringify(value));
  return text.length > longestAnswer ? `${text.slice(0, longestAnswer - 1)}…` : text;
}
