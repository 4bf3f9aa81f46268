import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { ProgressEvent } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import { readEvents } from "../launcher/event-lines.ts";

/** How long a builder may take in all, milliseconds. */
const boundMs = 10 * 60_000;
/** How many of the last lines of a builder that failed without a word are shown. */
const lastLines = 5;
/** The descriptor on which a builder says how far it is. */
const progressFd = 3;

/** What the builder says of one build. */
export interface Built {
  readonly service: string;
  readonly kind: "service" | "backend";
  readonly version: string;
  readonly digest: string;
  readonly directory: string;
  readonly unchanged: boolean;
  readonly bytes: number;
  readonly files: number;
  readonly migrations: number;
  readonly notes: readonly string[];
}

/** What was built, and the app as it was described. */
export interface BuiltApp {
  readonly builds: readonly Built[];
  readonly manifest: Readonly<Record<string, unknown>>;
}

type Said = BuiltApp | { readonly error: ErrorShape };

/** Starts the builder and waits for it. Throws what it says went wrong. */
export async function runBuilder(
  args: readonly string[],
  onEvent: (event: ProgressEvent) => void,
): Promise<BuiltApp> {
  const program = fileURLToPath(import.meta.resolve("@kerf/platform/builds"));
  // From a checkout the sources run as they are; from packages the built files do.
  const conditions = program.endsWith(".ts") ? ["--conditions=kerf-source"] : [];
  const child = spawn(process.execPath, [...conditions, program, ...args], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    timeout: boundMs,
    killSignal: "SIGKILL",
  });
  const ended = new Promise<string>((done) => {
    child.once("error", (error) => done(error.message));
    child.once("close", (code, signal) => done(`It ended with ${signal ?? code}.`));
  });
  const [, said, printed, end] = await Promise.all([
    readEvents(child.stdio[progressFd] as Readable, onEvent, () => {}),
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    ended,
  ]);
  const document = parse(said);
  if (document === undefined) throw silent(end, printed);
  if ("builds" in document) return document;
  throw new KerfError(document.error.code, document.error);
}

function parse(said: string): Said | undefined {
  try {
    return JSON.parse(said) as Said;
  } catch {
    return undefined;
  }
}

function silent(end: string, printed: string): KerfError {
  const lines = printed.split("\n").filter((line) => line.trim() !== "");
  return new KerfError("internal", {
    message: "The program that makes builds did not say what came of it.",
    why: [end, ...lines.slice(-lastLines)].join("\n"),
    fix: "Try it again; nothing was left half done.",
  });
}
