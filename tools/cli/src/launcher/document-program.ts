import { spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import type { ProgressEvent } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import { readEvents } from "./event-lines.ts";

/** How many of the last lines of a program that failed without a word are shown. */
const lastLines = 5;
/** The descriptor on which it says how far it is. */
const progressFd = 3;

/** A program that answers with one JSON document on its standard output, or with `{"error": ErrorShape}`. */
export interface DocumentProgram {
  /** Absolute path. */
  readonly program: string;
  readonly args?: readonly string[];
  /** What goes to its standard input, as JSON. */
  readonly input?: unknown;
  /** How long it may take in all, milliseconds. */
  readonly boundMs: number;
  /** What it does, for people: `makes builds`. */
  readonly what: string;
}

/** Runs one and gives its answer. Throws what it says went wrong. */
export async function runDocumentProgram<T extends object>(
  { args = [], boundMs, input, program, what }: DocumentProgram,
  onEvent: (event: ProgressEvent) => void,
): Promise<T> {
  // From a checkout the sources run as they are; from packages the built files do.
  const conditions = program.endsWith(".ts") ? ["--conditions=kerf-source"] : [];
  const child = spawn(process.execPath, [...conditions, program, ...args], {
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe", "pipe"],
    timeout: boundMs,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("close", (code, signal) => done(`It ended with ${signal ?? code}.`));
  });
  if (child.stdin !== null) {
    // One that ends before it has read all says why itself.
    (child.stdin as Writable).on("error", () => {}).end(JSON.stringify(input));
  }
  const [, said, printed, end] = await Promise.all([
    readEvents(child.stdio[progressFd] as Readable, onEvent, () => {}),
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    ended,
  ]);
  const document = parse<T>(said);
  if (document === undefined) throw silent(what, end, printed);
  if (!("error" in document)) return document;
  const error = document.error as ErrorShape;
  throw new KerfError(error.code, error);
}

function parse<T extends object>(said: string): T | undefined {
  try {
    return JSON.parse(said) as T;
  } catch {
    return undefined;
  }
}

function silent(what: string, end: string, printed: string): KerfError {
  const lines = printed.split("\n").filter((line) => line.trim() !== "");
  return new KerfError("internal", {
    message: `The program that ${what} did not say what came of it.`,
    why: [end, ...lines.slice(-lastLines)].join("\n"),
    fix: "Try it again; nothing was left half done.",
  });
}
