import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { type Clock, delay, KerfError } from "@kerf/kernel";
import type { ExternalProgram } from "@kerf/service";
import { isOwnListener } from "./socket-owner.ts";

/** How long a program may take to end once it is asked to, milliseconds; then it and all that it started are killed. */
const stopMs = 2_500;
/** Pauses between two looks at whether it serves, milliseconds: from the first to the second, doubling. */
const [firstLookMs, lastLookMs] = [10, 250];
/** Bound of one look, milliseconds. */
const lookMs = 1_000;

/** Where a program serves: one of the two that it was offered; `host` without which it is the loopback. */
export type ProgramAddress =
  | { readonly socketPath: string }
  | { readonly port: number; readonly host?: string };

/** Says whether the program that listens there can serve. */
export type Probe = (address: ProgramAddress, signal: AbortSignal) => Promise<boolean>;

/**
 * Runs the command in a process group of its own and ends that group when descriptor 3 closes: the sidecar holds its other end, and
 * loses it even at kill -9. The program itself gets neither that descriptor nor a standard input; the shell says nothing of its own.
 */
const guard = `
exec 4>&2 2>/dev/null
"$@" 3<&- </dev/null 2>&4 4>&- &
program=$!
trap 'kill -TERM "$program" ' TERM
( trap '' TERM; read -r _ <&3; kill -KILL 0 ) </dev/null >/dev/null 4>&- &
watch=$!
exec 3<&- 4>&-
wait "$program"; code=$?
while kill -0 "$program"; do wait "$program"; code=$?; done
kill -KILL "$watch"
exit "$code"`;

/** Variables of ours that a program needs to run at all; any other may be a secret. */
const passed =
  /^(?:PATH|HOME|TMPDIR|TZ|LANG|LANGUAGE|LC_.*|NODE_EXTRA_CA_CERTS|SSL_CERT_(?:FILE|DIR))$/;

/** The process of a program in any language. */
export class ProgramProcess {
  readonly #program: ExternalProgram;
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #socketPath: string;
  readonly #port: number;
  #ended = false;
  #stopping: Promise<void> | undefined;
  /** Resolves when it has ended, with how. */
  readonly whenEnded: Promise<KerfError>;

  private constructor(
    program: ExternalProgram,
    clock: Clock,
    child: ChildProcess,
    place: { socketPath: string; port: number },
  ) {
    this.#program = program;
    this.#clock = clock;
    this.#child = child;
    this.#socketPath = place.socketPath;
    this.#port = place.port;
    this.whenEnded = new Promise((resolve) => {
      child.once("error", (cause) => resolve(notStarted(program, cause.message)));
      child.once("exit", (code, signal) => resolve(endOf(program, code, signal)));
    });
    void this.whenEnded.then(() => (this.#ended = true));
  }

  /** Starts it; its output goes where ours goes. `environment`: what it gets beside where to listen. */
  static async start(
    program: ExternalProgram,
    options: {
      readonly clock: Clock;
      /** Owner-only directory for its socket. */
      readonly directory: string;
      readonly environment: Readonly<Record<string, string>>;
    },
  ): Promise<ProgramProcess> {
    const { clock, directory, environment } = options;
    const port = await freePort();
    const socketPath = join(directory, "in");
    const own = Object.entries(process.env).filter(([name]) => passed.test(name));
    const child = spawn("/bin/sh", ["-c", guard, "kerf-sidecar", ...program.command], {
      cwd: program.cwd,
      detached: true,
      stdio: ["ignore", "inherit", "inherit", "pipe"],
      env: {
        ...Object.fromEntries(own),
        ...program.environment,
        ...environment,
        PORT: String(port),
        KERF_LISTEN: socketPath,
      },
    });
    // It closes with the process, however that ends.
    child.stdio[3]?.on("error", () => {});
    return new ProgramProcess(program, clock, child, { socketPath, port });
  }

  /** Of the process group that it runs in. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Resolves with where it serves. Rejects when it ends before, and after `startMs`. */
  async whenReady(probe: Probe): Promise<ProgramAddress> {
    const { startMs, command } = this.#program;
    const giveUp = new AbortController();
    const late = new KerfError("start_failed", {
      message: `The program \`${command.join(" ")}\` did not serve within ${startMs / 1_000} s.`,
      why: `It answered neither at the port PORT=${this.#port} of 127.0.0.1 nor at the socket KERF_LISTEN.`,
      fix: "Let it listen at one of the two, or give it longer: startMs.",
    });
    const timer = this.#clock.after(startMs, () => giveUp.abort(late));
    void this.whenEnded.then((end) => giveUp.abort(end));
    try {
      return await this.#look(probe, giveUp.signal);
    } finally {
      timer.cancel();
    }
  }

  async #look(probe: Probe, signal: AbortSignal): Promise<ProgramAddress> {
    const places = [{ socketPath: this.#socketPath }, { port: this.#port }];
    for (let pause = firstLookMs; ; pause = Math.min(lastLookMs, pause * 2)) {
      for (const place of places) {
        signal.throwIfAborted();
        if (!(await listens(place))) continue;
        // A port that was free a moment ago may be somebody else's by now.
        if ("port" in place && !(await isOwnListener(place.port))) {
          throw new KerfError("start_failed", {
            message: `Another user of this machine took port ${place.port} before the program did.`,
            fix: "It is tried again by itself. A program that listens at KERF_LISTEN cannot be overtaken.",
          });
        }
        const look = AbortSignal.any([signal, AbortSignal.timeout(lookMs)]);
        if (await probe(place, look).catch(() => false)) return place;
      }
      await delay(this.#clock, pause, signal);
    }
  }

  /** Asks it to end, and kills it and all that it started when it takes too long. Idempotent. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (!this.#ended) this.#signal("SIGTERM", this.#child.pid);
    const bound = new AbortController();
    await Promise.race([
      this.whenEnded,
      delay(this.#clock, stopMs, bound.signal).catch(() => undefined),
    ]);
    bound.abort();
    // Its own children do not outlive it.
    this.#signal("SIGKILL", this.#child.pid === undefined ? undefined : -this.#child.pid);
  }

  #signal(signal: NodeJS.Signals, pid: number | undefined): void {
    if (pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch {
      // Nobody is left there.
    }
  }
}

/** A port that is free at this moment; a program that cannot have it any more ends, and is started anew with another. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

function listens(place: ProgramAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(
      "port" in place ? { ...place, host: "127.0.0.1" } : { path: place.socketPath },
    );
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Exit codes of a shell that found no such command, or could not run it (POSIX, 2.8.2). */
const [notFound, notExecutable] = [127, 126];

function endOf(program: ExternalProgram, code: number | null, signal: string | null): KerfError {
  const name = program.command[0] ?? "";
  if (code === notFound) return notStarted(program, `There is no ${name} on this machine.`);
  if (code === notExecutable) return notStarted(program, `${name} cannot be executed.`);
  return new KerfError("start_failed", {
    message: `The program \`${program.command.join(" ")}\` ended: ${signal === null ? `exit code ${code}` : signal}.`,
    why: "A service's program runs until it is asked to end.",
    fix: "Look at what it said last: kerf logs.",
  });
}

function notStarted(program: ExternalProgram, why: string): KerfError {
  return new KerfError("start_failed", {
    message: `The program \`${program.command.join(" ")}\` could not be started: ${why}`,
    why,
    fix: `Install ${program.command[0]}, or correct the command in external(…).`,
  });
}
