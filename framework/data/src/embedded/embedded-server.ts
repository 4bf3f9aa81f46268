import { spawn } from "node:child_process";
import { chmod, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";
import { withConnection } from "../connection.ts";
import { isAlive } from "../process-alive.ts";
import { DatabaseServer } from "../server.ts";
import { type ServerAccount, serverAccount } from "./account.ts";
import { findBinaries, type PostgresBinaries } from "./binaries.ts";
import { type ClusterPaths, clusterPaths, initialise } from "./cluster.ts";
import { superuser } from "./initdb.ts";
import { own } from "./own.ts";
import { programEnvironment } from "./program.ts";
import { isPostmasterOf, type Postmaster, readPostmaster } from "./postmaster.ts";
import { explainFailure, explainFileError } from "./start-failure.ts";
import { serverParameters, type ServerSettings } from "./settings.ts";
import { withStartLock } from "./start-lock.ts";

/** What an embedded server is started with. */
export interface EmbeddedServerOptions extends ServerSettings {
  /** Holds `data/`, `server.log` and `superuser-password`; made when absent. */
  readonly directory: string;
  /** Holds the Unix socket; made when absent. With the socket's name it must stay under 107 bytes. */
  readonly socketDirectory: string;
  /** The server's name in the app; default `main`. */
  readonly name?: string | undefined;
  /** How long a start may take, in milliseconds; default 60 000, since a crashed server first replays its log. */
  readonly startTimeoutMs?: number | undefined;
  /** Gives up making a new data directory, which may take seconds; one that is there starts quickly anyway. */
  readonly signal?: AbortSignal | undefined;
}

const port = 5432;
/** Bytes that a socket's path may have, less the closing zero (sun_path of the smallest system, macOS: 104). */
const socketPathBytes = 103;
const pollMs = 5;
/** A log that has grown beyond this, in bytes, is set aside at the next start; one old one is kept. */
const logBytes = 16 * 1024 * 1024;

/**
 * A PostgreSQL server of this machine, out of npm's binaries: a process of its own that outlives the one that started it.
 * Starting it again finds it running and adopts it.
 */
export class EmbeddedServer {
  /** The administrator's view, to provision with. */
  readonly database: DatabaseServer;
  readonly pid: number;
  /** True when it was running before we came. */
  readonly adopted: boolean;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  readonly #data: string;

  private constructor(
    database: DatabaseServer,
    process: { pid: number; adopted: boolean; exited: Promise<void> },
    data: string,
  ) {
    this.database = database;
    this.pid = process.pid;
    this.adopted = process.adopted;
    this.exited = process.exited;
    this.#data = data;
  }

  /** Initialises (once), starts or adopts; resolves when it answers; throws `start_failed` saying why and what to do. */
  static async start(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    try {
      return await EmbeddedServer.#start(options);
    } catch (error) {
      throw explainFileError(options.directory, error);
    }
  }

  static async #start(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
    const paths = clusterPaths(resolve(options.directory));
    const socketDirectory = resolve(options.socketDirectory);
    checkSocketPath(socketDirectory);
    const binaries = await findBinaries();
    await mkdir(paths.directory, { recursive: true, mode: 0o700 });
    await mkdir(socketDirectory, { recursive: true, mode: 0o700 });
    const account = await serverAccount(
      [binaries.root, paths.directory, socketDirectory],
      binaries.initdb,
    );
    await own(account, paths.directory, socketDirectory);
    await chmod(socketDirectory, 0o700);
    const until = performance.now() + (options.startTimeoutMs ?? 60_000);
    return withStartLock(join(paths.directory, "start.lock"), until, async () => {
      const durable = options.durable !== false;
      const password = await initialise(paths, binaries, account, durable, options.signal);
      const database = new DatabaseServer(options.name ?? "main", {
        host: socketDirectory,
        port,
        database: "postgres",
        user: superuser,
        password,
      });
      const parameters = serverParameters(options, socketDirectory);
      const started =
        (await adopt(paths)) ?? (await launch(paths, binaries, account, parameters, until));
      await ready(paths, started, until);
      await assertAnswers(database, paths);
      return new EmbeddedServer(database, started, paths.data);
    });
  }

  /**
   * Fast shutdown (open transactions are rolled back), then by force: immediate after `boundMs` (default 8 000), which the
   * next start recovers from, and SIGKILL at last. Idempotent.
   */
  async stop(boundMs = 8_000): Promise<void> {
    const steps: [NodeJS.Signals, number][] = [
      ["SIGINT", boundMs],
      ["SIGQUIT", 2_000],
      ["SIGKILL", 2_000],
    ];
    for (const [signal, bound] of steps) {
      if (!(await isPostmasterOf(this.pid, this.#data))) return;
      try {
        process.kill(this.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
        throw error;
      }
      if (await ends(this.pid, this.exited, bound)) return;
    }
  }
}

interface Running {
  readonly pid: number;
  readonly adopted: boolean;
  readonly exited: Promise<void>;
  /** What it has printed since we started it. */
  output(): Promise<string>;
  hasExited(): boolean;
}

function checkSocketPath(socketDirectory: string): void {
  const path = join(socketDirectory, `.s.PGSQL.${port}`);
  if (Buffer.byteLength(path) <= socketPathBytes) return;
  throw new KerfError("start_failed", {
    message: `The path of PostgreSQL's socket is too long: ${path}`,
    why: `It has ${Buffer.byteLength(path)} bytes; the system allows ${socketPathBytes}.`,
    fix: "Use a shorter directory, such as one below the system's temporary directory.",
  });
}

async function adopt(paths: ClusterPaths): Promise<Running | undefined> {
  const found = await readPostmaster(paths.data);
  if (found === undefined) return undefined;
  if (!(await isPostmasterOf(found.pid, paths.data))) {
    // Left by a crash. PostgreSQL would clear it away itself, unless another program of ours got that pid meanwhile.
    await rm(join(paths.data, "postmaster.pid"), { force: true });
    return undefined;
  }
  if (found.status === "stopping") {
    await watchExit(found.pid, true);
    return undefined;
  }
  let over = false;
  const exited = watchExit(found.pid, false).then(() => {
    over = true;
  });
  return {
    pid: found.pid,
    adopted: true,
    exited,
    output: () => logTail(paths.log, 0),
    hasExited: () => over,
  };
}

async function launch(
  paths: ClusterPaths,
  binaries: PostgresBinaries,
  account: ServerAccount,
  parameters: Record<string, string>,
  until: number,
): Promise<Running> {
  const settings = Object.entries(parameters).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const { command, args, ...ids } = account.wrap(binaries.postgres, [
    "-D",
    paths.data,
    ...settings,
  ]);
  for (;;) {
    await setLogAside(paths.log);
    const log = await open(paths.log, "a", 0o600);
    const from = (await log.stat()).size;
    // No parent's pipe and a session of its own: it lives on when we die, and Ctrl-C does not reach it.
    const child = spawn(command, args, {
      ...ids,
      cwd: "/",
      env: programEnvironment(),
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
    });
    const failed = new Promise<Error | undefined>((settle) => {
      child.once("error", settle);
      child.once("spawn", () => settle(undefined));
    });
    const exited = new Promise<void>((settle) => {
      child.once("exit", () => settle());
      child.once("error", () => settle());
    });
    child.unref();
    const error = await failed;
    await log.close();
    if (error !== undefined) throw explainFailure(error.message, "");
    const running: Running = {
      pid: child.pid as number,
      adopted: false,
      exited,
      output: () => logTail(paths.log, from),
      hasExited: () => child.exitCode !== null || child.signalCode !== null,
    };
    if (!(await memoryStillInUse(running, paths)) || performance.now() > until) return running;
    await wait(100);
  }
}

/** After kill -9 its children may hold the shared memory for a moment; then a start gives up, and can simply be repeated. */
async function memoryStillInUse(running: Running, paths: ClusterPaths): Promise<boolean> {
  for (;;) {
    if (running.hasExited()) return /pre-existing shared memory block/.test(await running.output());
    const found = await readPostmaster(paths.data);
    if (found?.pid === running.pid && found.status !== undefined) return false;
    await wait(pollMs);
  }
}

async function ready(paths: ClusterPaths, running: Running, until: number): Promise<void> {
  for (;;) {
    const found: Postmaster | undefined = await readPostmaster(paths.data);
    if (found?.pid === running.pid && found.status === "ready") return;
    if (running.hasExited()) throw explainFailure("it ended at once", await running.output());
    if (performance.now() > until)
      throw explainFailure("it was not ready in time", await running.output());
    await wait(pollMs);
  }
}

async function assertAnswers(database: DatabaseServer, paths: ClusterPaths): Promise<void> {
  try {
    await withConnection(database.admin(), "kerf/start", async (client) => {
      await client.query("select 1");
    });
  } catch (cause) {
    throw new KerfError("start_failed", {
      message: `The PostgreSQL in ${paths.directory} runs, but does not answer on its socket in ${database.admin().host}.`,
      why: (cause as { why?: string }).why ?? (cause as Error).message,
      fix: "When it was started with another socket directory, stop it (its pid is the first line of data/postmaster.pid) and start again.",
      cause,
    });
  }
}

async function ends(pid: number, exited: Promise<void>, boundMs: number): Promise<boolean> {
  return Promise.race([
    exited.then(() => true),
    watchExit(pid, true, performance.now() + boundMs).then(() => !isAlive(pid)),
  ]);
}

/** Of a process that is not our child the system tells nothing: ask until it is gone. */
async function watchExit(
  pid: number,
  ref: boolean,
  until = Number.POSITIVE_INFINITY,
): Promise<void> {
  while (isAlive(pid) && performance.now() < until) await wait(ref ? 10 : 50, undefined, { ref });
}

async function setLogAside(log: string): Promise<void> {
  const info = await stat(log).catch(() => undefined);
  if (info !== undefined && info.size > logBytes) await rename(log, `${log}.1`);
}

async function logTail(log: string, from: number): Promise<string> {
  const text = await readFile(log).catch(() => Buffer.alloc(0));
  return text.subarray(Math.max(from, text.length - 8_192)).toString("utf8");
}
