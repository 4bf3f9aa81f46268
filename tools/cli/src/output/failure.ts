import { CommanderError } from "commander";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import { printJson } from "./json.ts";
import { paintFor, type Paint } from "./paint.ts";
import { printable } from "./printable.ts";
import { tailLine } from "./tail-line.ts";

/** Whether a command line asks for JSON, before anything has parsed it. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}

/** Says on stderr what went wrong, why and what to do; and as `{"error":{…}}` on stdout when the command line asks for JSON. */
export function printFailure(thrown: unknown, json: boolean): void {
  const shape = shapeOf(thrown);
  process.stderr.write(`${failureLines(shape)}${details(thrown)}\n`);
  if (json) printError(shape);
}

/** Prints an error as the document that a program gets in the place of its answer. */
export function printError(error: ErrorShape): void {
  printJson({ error });
}

/** An error as it stands on stderr, with the last lines of the program that it is about. */
export function failureLines(shape: ErrorShape): string {
  return [failureText(shape, paintFor(process.stderr)), ...lastLines(shape)].join("\n");
}

/** How many of the last lines of a log are shown with an error. */
const logLines = 12;

/** The last lines of the program that it is about, when it came with them. */
function lastLines({ data }: ErrorShape): string[] {
  const log = (data as { log?: unknown } | undefined)?.log;
  if (!Array.isArray(log) || log.length === 0) return [];
  const paint = paintFor(process.stderr);
  return [paint("faint", "  its last lines:"), ...logTail(log, logLines, paint)];
}

/** What an error says to people. */
export interface Said {
  readonly message: string;
  readonly why?: string | undefined;
  readonly fix?: string | undefined;
}

/** An error for people: whose, what, why, fix. */
export function failureText(said: Said, paint: Paint, source?: string): string {
  const whose = source === undefined ? "" : `${paint("strong", source)}: `;
  return [
    `${paint("bad", "✗")} ${whose}${printable(said.message)}`,
    ...(said.why === undefined ? [] : [`  ${paint("faint", "why")}  ${indented(said.why)}`]),
    ...(said.fix === undefined ? [] : [`  ${paint("faint", "fix")}  ${indented(said.fix)}`]),
  ].join("\n");
}

/** The last lines of a log, as they stand below an error. */
export function logTail(lines: readonly unknown[], count: number, paint: Paint): string[] {
  return lines.slice(-count).map((line) => `  ${paint("faint", "│")} ${tailLine(String(line))}`);
}

function indented(text: string): string {
  return printable(text).replaceAll("\n", "\n       ");
}

function shapeOf(thrown: unknown): ErrorShape {
  if (thrown instanceof KerfError) return thrown.toShape();
  if (thrown instanceof CommanderError) {
    return {
      code: "usage",
      message: thrown.message.replace(/^error: /, ""),
      retry: "never",
      fix: "See kerf --help, or kerf COMMAND --help.",
    };
  }
  return {
    code: "internal",
    message: thrown instanceof Error ? thrown.message : String(thrown),
    retry: "never",
    why: "This is a mistake in Kerf itself.",
    fix: "Please report it with the command line and these lines.",
  };
}

/** Where it happened, for what nobody expected; an expected error has said everything already. */
function details(thrown: unknown): string {
  if (thrown instanceof KerfError || thrown instanceof CommanderError) return "";
  return thrown instanceof Error && thrown.stack !== undefined ? `\n${thrown.stack}` : "";
}
