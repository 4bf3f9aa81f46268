import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, openSync } from "node:fs";
import type { Writable } from "node:stream";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { programEnvironment, programExecArgv } from "./environment.ts";
import { identify, lives, type ProcessIdentity } from "./process-identity.ts";
import { giveWayNoMore, giveWayWhileStarting } from "./processor-share.ts";
import type { Exit, Launch, Running, Runtime } from "./runtime.ts";

/**
 * How often a process that is not our child is looked at, in milliseconds; the system does not tell us of its end. Where
 * looking costs a process of its own (ps), less often.
 */
const pollMs = process.platform === "linux" ? 100 : 1_000;
/** The descriptor of the lifeline in every program. */
const lifelineFd = 4;

/** Runs copies as processes of this machine: in a session of their own, so that they outlive us and hear no Ctrl-C. */
export class ProcessRuntime implements Runtime {
  readonly #clock: Clock;
  readonly #programs: Readonly<Record<Launch["program"], string>>;
  readonly #lifeline: number | undefined;
  readonly #bundled: ((launch: Launch) => string | undefined) | undefined;
  readonly #variables: Readonly<Record<string, string>>;

  constructor(options: {
    clock: Clock;
    /** Paths of the programs. */
    programs: Readonly<Record<Launch["program"], string>>;
    /** Our descriptor of the launcher's lifeline, handed on to every program. */
    lifeline?: number | undefined;
    /** The path of a copy's program in another form that starts quicker, where there is one. */
    bundled?: ((launch: Launch) => string | undefined) | undefined;
    /** What those get in their environment beside ours. */
    variables?: Readonly<Record<string, string>> | undefined;
  }) {
    this.#clock = options.clock;
    this.#programs = options.programs;
    this.#lifeline = options.lifeline;
    this.#bundled = options.bundled;
    this.#variables = options.variables ?? {};
  }

  async start(launch: Launch, recorded: (running: Running) => Promise<void>): Promise<Running> {
    const bundled = this.#bundled?.(launch);
    const args = [
      ...heapOption(launch.memoryBytes),
      bundled ?? this.#programs[launch.program],
      launch.instance,
      launch.preload.appModule,
      ...preloaded(launch.preload),
    ];
    const variables = bundled === undefined ? {} : this.#variables;
    const child = this.#spawn(launch.logFile, "pipe", args, variables);
    const document = child.stdio[3] as Writable;
    // A program that ends before it has read everything says why in its log; its exit is what counts here.
    document.on("error", () => {});
    let undelivered: KerfError | undefined;
    const running = await this.#running(
      child,
      launch.instance,
      () => undelivered,
      recorded,
      launch.yields,
    );
    launch.boot.then(
      (boot) => document.end(JSON.stringify(boot)),
      (cause: unknown) => {
        undelivered = toKerfError(cause);
        child.kill("SIGKILL");
      },
    );
    return running;
  }

  /** Starts a program that is no copy of a unit and needs no boot document: its arguments, none of them secret, say all. */
  startBeside(
    program: { name: string; file: string; args: readonly string[]; logFile: string },
    recorded: (running: Running) => Promise<void>,
  ): Promise<Running> {
    const { args, file, logFile, name } = program;
    const child = this.#spawn(logFile, "ignore", [file, ...args]);
    return this.#running(child, name, () => undefined, recorded);
  }

  #spawn(
    logFile: string,
    document: "pipe" | "ignore",
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const log = openSync(logFile, "a", 0o600);
    const child = spawn(process.execPath, [...programExecArgv(), ...args], {
      detached: true,
      stdio: ["ignore", log, log, document, this.#lifeline ?? "ignore"],
      env: {
        ...programEnvironment(),
        ...variables,
        ...(this.#lifeline === undefined ? undefined : { KERF_LIFELINE_FD: String(lifelineFd) }),
      },
    });
    closeSync(log);
    child.unref();
    return child;
  }

  async #running(
    child: ChildProcess,
    name: string,
    failure: () => KerfError | undefined,
    recorded: (running: Running) => Promise<void>,
    yields = false,
  ): Promise<Running> {
    const exited = new Promise<Exit>((resolve) => {
      child.once("error", (cause) => resolve({ kind: "failed", error: notStarted(name, cause) }));
      child.once("exit", (code, signal) => {
        const failed = failure();
        if (failed !== undefined) resolve({ kind: "failed", error: failed });
        else if (signal !== null) resolve({ kind: "signal", signal });
        else resolve({ kind: "code", code: code ?? 0 });
      });
    });
    if (child.pid === undefined) {
      const exit = await exited;
      throw exit.kind === "failed" ? exit.error : notStarted(name);
    }
    const ready = yields
      ? giveWayWhileStarting(child.pid, exited, this.#clock)
      : (): void => undefined;
    const running: Running = {
      // Our own child cannot have ended and been replaced: nobody else waits for it.
      reference: identify(child.pid) ?? { pid: child.pid, started: "ended" },
      pid: child.pid,
      exited,
      ready,
      terminate: () => void child.kill("SIGTERM"),
      kill: () => void child.kill("SIGKILL"),
    };
    try {
      await recorded(running);
    } catch (cause) {
      child.kill("SIGKILL");
      throw cause;
    }
    return running;
  }

  adopt(reference: unknown): Running | undefined {
    const identity = reference as ProcessIdentity;
    if (!lives(identity)) return undefined;
    const send = (signal: NodeJS.Signals): void => {
      if (!lives(identity)) return;
      try {
        process.kill(identity.pid, signal);
      } catch {
        // It ended in between.
      }
    };
    return {
      reference,
      pid: identity.pid,
      exited: new Promise((resolve) => this.#poll(identity, () => resolve({ kind: "unknown" }))),
      ready: () => giveWayNoMore(identity.pid, this.#clock),
      terminate: () => send("SIGTERM"),
      kill: () => send("SIGKILL"),
    };
  }

  #poll(identity: ProcessIdentity, gone: () => void): void {
    if (!lives(identity)) gone();
    else this.#clock.after(pollMs, () => this.#poll(identity, gone));
  }
}

/** What a process takes beside its old objects, in bytes: code, buffers, young objects, stacks. A program that has hardly begun has 64 MB of it. */
const besideHeapBytes = 96 * 1_048_576;

/** Old objects get what the limit leaves: near it V8 collects harder, and ends the program rather than let it grow beyond. */
export function heapOption(memoryBytes: number | undefined): string[] {
  if (memoryBytes === undefined) return [];
  const heap = Math.max(memoryBytes / 2, memoryBytes - besideHeapBytes);
  return [`--max-old-space-size=${Math.floor(heap / 1_048_576)}`];
}

/** The services as the host takes them: `NAME`, or `NAME=DIRECTORY` of its build. */
function preloaded({ services, builds = {} }: Launch["preload"]): string[] {
  return services.map((name) => (name in builds ? `${name}=${builds[name]}` : name));
}

function notStarted(instance: string, cause?: Error): KerfError {
  return new KerfError("start_failed", {
    message: `The process of ${instance} could not be started.`,
    why: cause?.message ?? "The system gave it no pid.",
    fix: "See whether the machine has memory and processes left (ulimit -u).",
    cause,
  });
}

/** The lifeline that our launcher handed to us, when it did. */
export function ownLifeline(environment: NodeJS.ProcessEnv = process.env): number | undefined {
  const fd = Number(environment["KERF_LIFELINE_FD"]);
  if (!Number.isInteger(fd) || fd < 3) return undefined;
  try {
    fstatSync(fd);
    return fd;
  } catch {
    return undefined;
  }
}
