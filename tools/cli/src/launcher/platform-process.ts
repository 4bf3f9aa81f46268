import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ProgressEvent } from "@kerf/control-api";
import { readEvents } from "./event-lines.ts";

/** Descriptors of the platform process; it hands the lifeline on to everything that it starts. */
const progressFd = 3;
const lifelineFd = 4;

/** How a platform process ended. */
export interface PlatformExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a platform process is started with. */
export interface PlatformStart {
  readonly program: URL | string;
  readonly args: readonly string[];
  readonly home: string;
  /** Whether everything is to end with us; without that it goes on in the background. */
  readonly endsWithUs: boolean;
  readonly onEvent: (event: ProgressEvent) => void;
}

/** The platform as whoever started it sees it: a process with a progress pipe, a log file and mostly a lifeline. */
export class PlatformProcess {
  readonly pid: number | undefined;
  /** Resolves when the process has ended and everything that it said has been read; never rejects. */
  readonly exited: Promise<PlatformExit>;
  /** Its log file. */
  readonly log: string;
  /** Where its own lines begin in it, bytes. */
  readonly logFrom: number;
  readonly #child: ChildProcess;
  readonly #progress: Readable;
  readonly #lifeline: Socket | undefined;
  #gone = false;

  constructor(start: PlatformStart) {
    this.log = join(start.home, "logs", "platform.log");
    this.logFrom = statSync(this.log, { throwIfNoEntry: false })?.size ?? 0;
    this.#child = spawnPlatform(start, this.log);
    this.pid = this.#child.pid;
    this.#progress = this.#child.stdio[progressFd] as Readable;
    this.#lifeline = (this.#child.stdio[lifelineFd] ?? undefined) as Socket | undefined;
    // It never says anything; its other end may go away at any time.
    this.#lifeline?.on("error", () => {});
    this.#lifeline?.resume();
    const ended = new Promise<PlatformExit>((resolve) => {
      this.#child.once("error", () => resolve({ code: 127, signal: null }));
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    const read = readEvents(this.#progress, start.onEvent, () => {}).catch(() => {}); // A pipe that breaks with its process: `exited` tells.
    this.exited = ended.then(async (exit) => {
      this.#gone = true;
      await read;
      return exit;
    });
  }

  /** Asks it to stop everything in good order. */
  askToStop(): void {
    if (!this.#gone) this.#child.kill("SIGTERM");
  }

  /** Tells everything that it ever started, itself included, that the launcher is gone. */
  cutLifeline(): void {
    this.#lifeline?.destroy();
  }

  /** Leaves it to itself: we may end, and it goes on. */
  letGo(): void {
    this.#progress.destroy();
    this.#child.unref();
  }
}

function spawnPlatform(start: PlatformStart, log: string): ChildProcess {
  mkdirSync(join(start.home, "logs"), { recursive: true, mode: 0o700 });
  const program = fileURLToPath(new URL(start.program));
  const logFile = openSync(log, "a", 0o600);
  try {
    return spawn(process.execPath, [...nodeArguments(program), program, ...start.args], {
      // A session of its own: Ctrl-C reaches the launcher alone, which then stops everything in order.
      detached: true,
      stdio: ["ignore", logFile, logFile, "pipe", ...(start.endsWithUs ? ["pipe" as const] : [])],
      env: childEnvironment(process.env, start.endsWithUs),
    });
  } finally {
    closeSync(logFile);
  }
}

/** From a checkout the sources run as they are; from packages the built files do. */
function nodeArguments(program: string): string[] {
  return program.endsWith(".ts") ? ["--conditions=kerf-source"] : [];
}

function childEnvironment(env: NodeJS.ProcessEnv, lifeline: boolean): NodeJS.ProcessEnv {
  const {
    KERF_PARENT_LIFELINE_FD: _fd,
    KERF_PARENT_PID: _pid,
    KERF_LIFELINE_FD: _lifeline,
    ...rest
  } = env;
  return lifeline ? { ...rest, KERF_LIFELINE_FD: String(lifelineFd) } : rest;
}
