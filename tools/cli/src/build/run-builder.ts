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

/** What is said of the image of a build. */
export interface BuiltImage {
  readonly service: string;
  readonly image: string;
  readonly digest?: string;
  readonly bytes?: number;
  readonly output?: string;
  readonly pushed?: { readonly sent: number };
  readonly dockerfile?: string;
}

/** Starts the builder and waits for it. Throws what it says went wrong. */
export function runBuilder(
  args: readonly string[],
  onEvent: (event: ProgressEvent) => void,
): Promise<BuiltApp> {
  return run(import.meta.resolve("@kerf/platform/builds"), args, onEvent);
}

/** Starts what makes images and waits for it. Throws what it says went wrong. */
export async function runImageMaker(
  args: readonly string[],
  onEvent: (event: ProgressEvent) => void,
): Promise<BuiltImage> {
  const program = import.meta.resolve("@kerf/platform/images");
  return (await run<{ image: BuiltImage }>(program, args, onEvent)).image;
}

async function run<Made extends object>(
  url: string,
  args: readonly string[],
  onEvent: (event: ProgressEvent) => void,
): Promise<Made> {
  const program = fileURLToPath(url);
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
  const document = parse(said) as Made | { readonly error: ErrorShape } | undefined;
  if (document === undefined) throw silent(end, printed);
  if ("error" in document) throw new KerfError(document.error.code, document.error);
  return document;
}

function parse(said: string): unknown {
  try {
    return JSON.parse(said);
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
