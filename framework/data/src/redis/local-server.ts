import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { KerfError, toKerfError } from "@kerf/kernel";
import { serverAccount } from "../embedded/account.ts";
import { own } from "../embedded/own.ts";
import { programEnvironment } from "../embedded/program.ts";
import { isAlive } from "../process-alive.ts";
import { commandOf } from "../process-command.ts";
import { firstUsers, redisConfiguration } from "./configuration.ts";
import { RedisConnection, type RedisLogin } from "./redis-connection.ts";

/** Programs that speak Redis, the usual one first. */
const programs = ["redis-server", "valkey-server"];
/** How long a start may take, milliseconds: it reads all of its data first. */
const readyMs = 60_000;
const pollMs = 20;
/** What it may take to end once it is killed, milliseconds. */
const killedMs = 2_000;
/** A log that has grown beyond this, bytes, is set aside at the next start; one old one is kept. */
const logBytes = 16 * 1_048_576;
/** Of a log that is shown with a failure, bytes. */
const shownBytes = 2_048;

/** What a server of this machine is started with. */
export interface LocalRedisOptions {
  /** Holds `data/`, the configuration, the users and `server.log`; made when absent. */
  readonly directory: string;
  readonly socketDirectory: string;
  readonly adminPassword: string;
  readonly signal?: AbortSignal | undefined;
}

/** The program that speaks Redis on the PATH; undefined without one. */
export function findRedisProgram(
  path = process.env["PATH"] ?? "/usr/bin:/bin",
): string | undefined {
  const places = programs.flatMap((name) =>
    path.split(delimiter).map((folder) => join(folder, name)),
  );
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A Redis of this machine: a process of its own that outlives the one that started it. Starting it again finds it running and adopts it. */
export class LocalRedisServer {
  readonly login: RedisLogin;
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>;
  readonly #configuration: string;

  private constructor(
    login: RedisLogin,
    running: { pid: number; exited: Promise<void> },
    configuration: string,
  ) {
    this.login = login;
    this.pid = running.pid;
    this.exited = running.exited;
    this.#configuration = configuration;
  }

  /** Starts or adopts it; resolves when it answers. Throws `start_failed`. */
  static async start(options: LocalRedisOptions): Promise<LocalRedisServer> {
    const { adminPassword, directory, socketDirectory } = options;
    const file = (name: string): string => join(directory, name);
    const socket = join(socketDirectory, "redis.sock");
    const login: RedisLogin = {
      socket: { path: socket, tls: false },
      username: "default",
      password: adminPassword,
    };
    const configuration = file("redis.conf");
    const adopted = await adopt(file("redis.pid"), configuration);
    const running = adopted ?? (await launch(options, socket, configuration));
    const server = new LocalRedisServer(login, running, configuration);
    try {
      await answers(login, running, { log: file("server.log"), signal: options.signal });
    } catch (thrown) {
      // Nobody would know of it.
      if (adopted === undefined) await server.stop(killedMs);
      throw thrown;
    }
    return server;
  }

  /** Ends it in order, by force after `boundMs` milliseconds. Idempotent. */
  async stop(boundMs: number): Promise<void> {
    for (const [signal, bound] of [
      ["SIGTERM", boundMs],
      ["SIGKILL", killedMs],
    ] as const) {
      if (!(await isOurs(this.pid, this.#configuration))) return;
      try {
        process.kill(this.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ESRCH") return;
        throw error;
      }
      if (await ends(this.pid, bound)) return;
    }
  }
}

interface Running {
  readonly pid: number;
  readonly exited: Promise<void>;
}

async function adopt(pidFile: string, configuration: string): Promise<Running | undefined> {
  const pid = Number(await readFile(pidFile, "utf8").catch(() => ""));
  if (!(pid > 1) || !(await isOurs(pid, configuration))) return undefined;
  return { pid, exited: gone(pid) };
}

async function launch(
  { adminPassword, directory, socketDirectory }: LocalRedisOptions,
  socket: string,
  configuration: string,
): Promise<Running> {
  const program = findRedisProgram();
  if (program === undefined) throw noProgram();
  const data = join(directory, "data");
  const users = join(directory, "users.acl");
  for (const path of [directory, data, socketDirectory])
    await mkdir(path, { recursive: true, mode: 0o700 });
  const account = await serverAccount([directory, socketDirectory], program);
  await writeWhole(configuration, redisConfiguration({ data, socket, users }));
  // Whom it has let in since then it keeps there itself.
  if ((await readFile(users, "utf8").catch(() => "")) === "")
    await writeWhole(users, firstUsers(adminPassword));
  await own(account, directory, data, socketDirectory, configuration, users);
  const logFile = join(directory, "server.log");
  const log = await open(logFile, "a", 0o600);
  if ((await log.stat()).size > logBytes) await log.truncate(0);
  // Its number is there before it is: a platform that starts after one that was killed here would otherwise start a second one on the same data.
  const script = 'echo $$ >"$3.new" && mv "$3.new" "$3" && exec "$1" "$2"';
  const { args, command, ...ids } = account.wrap("/bin/sh", [
    "-c",
    script,
    "sh",
    program,
    configuration,
    join(directory, "redis.pid"),
  ]);
  const child = spawn(command, args, {
    ...ids,
    cwd: "/",
    env: programEnvironment(),
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  child.unref();
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const failure = await new Promise<Error | undefined>((settle) => {
    child.once("error", settle);
    child.once("spawn", () => settle(undefined));
  });
  await log.close();
  if (failure !== undefined) throw failed(failure.message);
  return { pid: child.pid as number, exited };
}

async function answers(
  login: RedisLogin,
  { exited }: Running,
  { log, signal }: { readonly log: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const until = performance.now() + readyMs;
  let over = false;
  void exited.then(() => {
    over = true;
  });
  for (;;) {
    try {
      const connection = await RedisConnection.open(login);
      connection.close();
      return;
    } catch (thrown) {
      const error = toKerfError(thrown);
      if (error.code === "forbidden") throw foreignPassword(error);
      if (over) throw failed((await tail(log)) || "it ended at once");
      if (performance.now() > until || signal?.aborted === true)
        throw failed(error.why ?? error.message);
    }
    await wait(pollMs);
  }
}

async function isOurs(pid: number, configuration: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await commandOf(pid);
  // Where the system shows no command lines, the living pid must do.
  return command === undefined || command.includes(configuration);
}

/** Of a process that is not our child the system tells nothing: ask until it is gone. */
async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await wait(50, undefined, { ref: false });
}

async function ends(pid: number, boundMs: number): Promise<boolean> {
  const until = performance.now() + boundMs;
  while (isAlive(pid) && performance.now() < until) await wait(10);
  return !isAlive(pid);
}

async function writeWhole(file: string, text: string): Promise<void> {
  const fresh = `${file}.new`;
  await rm(fresh, { force: true });
  await writeFile(fresh, text, { mode: 0o600, flush: true });
  await rename(fresh, file);
}

async function tail(log: string): Promise<string> {
  const bytes = await readFile(log).catch(() => Buffer.alloc(0));
  return bytes.subarray(-shownBytes).toString("utf8").trim();
}

function noProgram(): KerfError {
  return new KerfError("start_failed", {
    message: "A service keeps something in Redis, and there is none.",
    why: `No folder of PATH has ${programs.join(" or ")}, and no other Redis was named.`,
    fix: "Install Redis (or Valkey), or name a server: --redis redis://HOST:6379, or --redis FILE with a URL that has a password.",
  });
}

function failed(why: string): KerfError {
  return new KerfError("start_failed", {
    message: "Redis could not be started.",
    why,
    fix: "Its log: kerf logs redis",
  });
}

function foreignPassword(cause: KerfError): KerfError {
  return new KerfError("start_failed", {
    message: "Redis does not take the platform's password.",
    why: `${cause.why ?? cause.message} Its users were made with other keys than those of this folder of state.`,
    fix: "Put the keys back that belong to its data, or move the data away to begin with none.",
    cause,
  });
}
