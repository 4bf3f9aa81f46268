import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";

/** Bound of a command that only looks or moves something, milliseconds. */
const usualMs = 60_000;
/** Bound of making a connection, seconds. */
const connectS = 10;
/** How long a connection waits for the next command before it ends by itself, seconds: also when this program was killed. */
const idleS = 60;
/** Exit code of ssh itself, when there was no connection or no login. */
const noConnection = 255;
/** What is kept of what a command printed, characters. */
const keptText = 65_536;

/** A machine as ssh reaches it. */
export interface SshHost {
  readonly host: string;
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** Commands are run as root by sudo. */
  readonly sudo?: boolean | undefined;
}

/** What a command came to. */
export interface SshAnswer {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** How a command is run. */
export interface SshRun {
  /** Written to its standard input. */
  readonly input?: Uint8Array | undefined;
  /** Milliseconds; default 60 000. */
  readonly boundMs?: number | undefined;
}

/**
 * Commands on another machine by the system's own ssh: keys, known hosts and jumps are what its configuration says, and nobody is asked anything. One connection for all
 * commands to a machine.
 */
export class Ssh {
  readonly #folder: string;
  readonly #config: string | undefined;
  readonly #used = new Map<string, SshHost>();

  private constructor(folder: string, config: string | undefined) {
    this.#folder = folder;
    this.#config = config;
  }

  /** `config`: a file instead of the user's `~/.ssh/config`. */
  static async open({ config }: { config?: string | undefined } = {}): Promise<Ssh> {
    return new Ssh(await mkdtemp(join(tmpdir(), "kerf-ssh-")), config);
  }

  /** Runs a script of sh with arguments. Throws `unavailable` when the machine cannot be reached or takes longer than its bound. */
  async run(
    host: SshHost,
    script: string,
    args: readonly string[] = [],
    { boundMs = usualMs, input }: SshRun = {},
  ): Promise<SshAnswer> {
    const child = this.#spawn(host, script, args);
    const signal = AbortSignal.timeout(boundMs);
    signal.addEventListener("abort", () => child.kill("SIGKILL"));
    const ended = new Promise<number>((done, fail) => {
      child.once("error", (cause) => fail(noProgram(cause)));
      child.once("close", (code) => done(code ?? noConnection));
    });
    let out = "";
    let error = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      out = (out + text).slice(-keptText);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      error = (error + text).slice(-keptText);
    });
    // A command that ends before it has read everything says itself why.
    child.stdin?.on("error", () => {}).end(input);
    const code = await ended;
    if (signal.aborted) throw tooLong(host, boundMs);
    if (code === noConnection) throw unreachable(host, error);
    return { code, out, error };
  }

  /**
   * Runs a script for as long as the returned function is not called; resolves once it has said its first line, and to undefined when it ended without one.
   */
  async hold(
    host: SshHost,
    script: string,
    args: readonly string[],
  ): Promise<(() => void) | undefined> {
    const child = this.#spawn(host, script, args);
    child.stderr?.resume();
    const first = await new Promise<boolean>((done) => {
      child.once("error", () => done(false));
      child.once("close", () => done(false));
      child.stdout?.once("data", () => done(true));
    });
    if (!first) return undefined;
    child.stdin?.on("error", () => {});
    return () => void child.stdin?.end();
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    const ending = [...this.#used.values()].map(async (host) => {
      const child = spawn("ssh", [...this.#options(host), "-O", "exit", addressOf(host)], {
        stdio: "ignore",
        timeout: connectS * 1_000,
      });
      await new Promise<void>((done) => {
        child.once("error", () => done()).once("close", () => done());
      });
    });
    await Promise.all(ending);
    await rm(this.#folder, { recursive: true, force: true });
  }

  #spawn(host: SshHost, script: string, args: readonly string[]): ChildProcess {
    this.#used.set(keyOf(host), host);
    const before = host.sudo === true ? ["sudo", "-n"] : [];
    const command = [...before, "sh", "-c", script, "kerf", ...args].map(quoted).join(" ");
    return spawn("ssh", [...this.#options(host), addressOf(host), command], {
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  #options(host: SshHost): string[] {
    const { port } = host;
    // Paths of sockets must be short, and ssh appends to it.
    const known = [...this.#used.keys()].indexOf(keyOf(host));
    const settings = {
      BatchMode: "yes",
      ConnectTimeout: connectS,
      ServerAliveInterval: 10,
      ServerAliveCountMax: 3,
      ControlMaster: "auto",
      ControlPersist: idleS,
      ControlPath: join(this.#folder, String(known)),
    };
    return [
      ...(this.#config === undefined ? [] : ["-F", this.#config]),
      ...(port === undefined ? [] : ["-p", String(port)]),
      ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
    ];
  }
}

/** `user@host` */
export function addressOf({ host, user }: SshHost): string {
  return user === undefined ? host : `${user}@${host}`;
}

function keyOf(host: SshHost): string {
  return `${addressOf(host)}:${host.port ?? ""}`;
}

/** One word for a shell, whatever is in it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function unreachable(host: SshHost, said: string): KerfError {
  const shown = `ssh ${host.port === undefined ? "" : `-p ${host.port} `}${addressOf(host)}`;
  return new KerfError("unavailable", {
    message: `${host.host} cannot be reached by ssh.`,
    why: said.trim() || "The connection ended.",
    fix: `Make this work without a question, with a key and a known host: ${shown} true`,
  });
}

function tooLong(host: SshHost, boundMs: number): KerfError {
  return new KerfError("unavailable", {
    message: `${host.host} did not finish a command within ${boundMs / 1_000} s.`,
    fix: "Look at what the machine is doing, then deploy again: what is there already is not sent again.",
  });
}

function noProgram(cause: Error): KerfError {
  return new KerfError("invalid_configuration", {
    message: "There is no ssh on this machine.",
    why: cause.message,
    fix: "Install OpenSSH's client: apt-get install openssh-client",
    cause,
  });
}
