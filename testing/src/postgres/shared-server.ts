import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { KerfError } from "@kerf/kernel";
import { askForLease, type Lease } from "./lease.ts";
import { type ServerDirectory, sharedServerDirectory } from "./server-directory.ts";

/** How long the first test of a machine may wait for its server, milliseconds: it is made and started within three seconds. */
const boundMs = 60_000;
const pollMs = 10;

let joined: Promise<Lease> | undefined;

/**
 * A lease on the PostgreSQL server that all test processes of this user and installation share; the first one starts it.
 * It is held until the process ends. Throws `start_failed`.
 */
export function sharedServer(): Promise<Lease> {
  if (joined === undefined) {
    joined = sharedServerDirectory().then(joinServer);
    // The next test may try again.
    joined.catch(() => (joined = undefined));
  }
  return joined;
}

/** Takes a lease on the server of `directory`, starting it when it is not there. */
export async function joinServer(directory: ServerDirectory): Promise<Lease> {
  const until = performance.now() + boundMs;
  const run = runPid();
  if (run !== undefined) await writeFile(join(directory.runs, String(run)), "");
  let keeper: Keeper | undefined;
  for (;;) {
    const answer = await askForLease(directory);
    if (typeof answer === "object") {
      if (!(await answer.isKept()) && keeper === undefined) await startKeeper(directory);
      return answer;
    }
    // One that found another keeper ends by itself; one that failed says why.
    if (keeper?.code !== undefined && keeper.code !== 0) throw await failure(directory);
    if (answer === "absent" && keeper?.code === undefined) keeper ??= await startKeeper(directory);
    if (keeper?.code === 0) keeper = undefined;
    if (performance.now() > until) throw await failure(directory);
    await wait(pollMs);
  }
}

interface Keeper {
  /** Of its end; undefined while it runs. */
  readonly code: number | undefined;
}

async function startKeeper(directory: ServerDirectory): Promise<Keeper> {
  const log = await open(directory.log, "a", 0o600);
  const fromSource = import.meta.url.endsWith(".ts");
  const child = spawn(
    process.execPath,
    [
      ...(fromSource ? ["--conditions=kerf-source", "--disable-warning=ExperimentalWarning"] : []),
      fileURLToPath(import.meta.resolve("@kerf/testing/postgres-keeper")),
      directory.path,
      String(process.pid),
    ],
    {
      cwd: "/",
      // A session of its own: what ends the tests must not end the one who cleans up behind them.
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"] },
    },
  );
  const keeper: { code: number | undefined } = { code: undefined };
  child.once("error", () => (keeper.code = -1));
  child.once("exit", (code) => (keeper.code = code ?? -1));
  child.unref();
  await log.close();
  return keeper;
}

async function failure(directory: ServerDirectory): Promise<KerfError> {
  const said = await readFile(directory.log, "utf8").catch(() => "");
  return new KerfError("start_failed", {
    message: "The PostgreSQL server for tests did not start.",
    why: said.trim().split("\n").slice(-12).join("\n") || "It was not there in time.",
    fix: `Read ${directory.log}; when its files are broken, end what runs in ${directory.path} and delete it.`,
  });
}

/** The test command that this process belongs to: while it lives, another of its processes may come. */
function runPid(): number | undefined {
  if (!isMainThread) return process.pid;
  const isWorker = process.env["NODE_TEST_CONTEXT"] !== undefined || process.send !== undefined;
  return isWorker ? process.ppid : undefined;
}
