import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { platformClient } from "./platform-client.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const startWithinMs = 60_000;
/** Pause between two looks at what is waited for, milliseconds: at least, and however long a look takes. */
const pollMs = 25;
const longestPauseMs = 1_000;

/** What the platform says of itself, as `kerf status --json` prints it, as far as the scenarios read it. */
export interface ShopStatus {
  app: string;
  units: {
    name: string;
    services: string[];
    instances: { id: string; pid: number; state: string; address: string }[];
  }[];
  gateways: { name: string; url: string; pid: number }[];
  databases: { server: string; pid: number; state: string }[];
  telemetry?: { pid: number; state: string; restarts: number } | undefined;
  platform: { url: string; pid: number };
}

/** What a program said and how it ended. */
export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The shop, started as a user starts it: `kerf dev` in a process of its own, on free ports, with a home of its own. */
export class RunningShop {
  readonly home: string;
  readonly launcher: ChildProcess;
  /** Base URL of the gateway. */
  url = "";
  #output = "";
  readonly #ended: Promise<unknown>;

  private constructor(home: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.home = home;
    const all = [
      "dev",
      // An app of its own is one that the scenario changes: it is watched.
      ...(args.includes("--app") ? [] : ["--app", "examples/shop/app.ts", "--no-watch"]),
      "--json",
      ...args,
    ];
    this.launcher = spawnKerf(home, all, env);
    this.#ended = once(this.launcher, "exit");
    for (const stream of [this.launcher.stdout, this.launcher.stderr]) {
      stream?.on(
        "data",
        (chunk: Buffer) => (this.#output = (this.#output + chunk.toString()).slice(-20_000)),
      );
    }
  }

  /** Starts it and waits until it is ready. `home`: one that a shop used before. `env`: what its environment has beside ours. */
  static async start(
    args: readonly string[] = [],
    home?: string,
    env: NodeJS.ProcessEnv = {},
  ): Promise<RunningShop> {
    const shop = new RunningShop(home ?? (await mkdtemp(join(tmpdir(), "kerf-shop-"))), args, env);
    try {
      await shop.#ready();
    } catch (cause) {
      await shop.stop();
      throw new Error(`the shop did not start: ${String(cause)}\n${shop.#output}`);
    }
    return shop;
  }

  async #ready(): Promise<void> {
    const limit = AbortSignal.timeout(startWithinMs);
    const lines = createInterface({ input: this.launcher.stdout as NodeJS.ReadableStream });
    const ready = (async () => {
      for await (const line of lines) {
        const event = JSON.parse(line) as { type: string; status: ShopStatus };
        if (event.type !== "ready") continue;
        this.url = event.status.gateways[0]?.url ?? "";
        // What comes later is drained by the listener above.
        lines.removeAllListeners();
        return;
      }
      throw new Error("its output ended");
    })();
    const late = new Promise<never>((_, reject) => {
      limit.addEventListener("abort", () =>
        reject(new Error(`not ready within ${startWithinMs} ms`)),
      );
    });
    await Promise.race([ready, late]);
  }

  /** Ends it as Ctrl-C does. Milliseconds that it took. */
  async stop(): Promise<number> {
    const since = performance.now();
    if (this.launcher.exitCode === null && this.launcher.signalCode === null) {
      this.launcher.kill("SIGINT");
      await this.#ended;
    }
    return performance.now() - since;
  }

  /** Forgets its data. */
  async remove(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }

  /** Runs another `kerf` command against it. */
  kerf(...args: string[]): Promise<Outcome> {
    return runKerf(this.home, args);
  }

  /** Starts another `kerf` command against it that goes on until it is interrupted. */
  start(...args: string[]): RunningCommand {
    return startKerf(this.home, args);
  }

  /** The last of what it said. */
  get output(): string {
    return this.#output;
  }

  async status(): Promise<ShopStatus> {
    return (await platformClient(this.home)).status({});
  }

  /** The process ids of all that runs, PostgreSQL included. */
  async pids(): Promise<number[]> {
    const status = await this.status();
    return [
      ...status.units.flatMap((unit) => unit.instances.map((instance) => instance.pid)),
      ...status.gateways.map((gateway) => gateway.pid),
      ...status.databases.map((database) => database.pid),
      status.telemetry?.pid ?? 0,
      status.platform.pid,
    ].filter((pid) => pid > 0);
  }
}

/** A `kerf` command that goes on until it is interrupted. */
export class RunningCommand {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  /** What it said, on both ways out. */
  output = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, "close");
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
  }

  /** Resolves once it has said this; rejects after `withinMs`, and when it ends before. */
  async said(text: RegExp, withinMs = startWithinMs / 2): Promise<void> {
    const ended = this.#ended.then(() => Promise.reject(new Error(`it ended:\n${this.output}`)));
    const said = eventually(
      `it says ${text}`,
      () => Promise.resolve(text.test(this.output) ? true : undefined),
      withinMs,
    );
    await Promise.race([said, ended]);
  }

  /** Ends it as Ctrl-C does. */
  async interrupt(): Promise<{ code: number | null }> {
    this.#child.kill("SIGINT");
    const [code] = await this.#ended;
    return { code: code as number | null };
  }
}

function spawnKerf(
  home: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  const ours = { KERF_HOME: home, PORT: "0", KERF_PLATFORM_PORT: "0", NO_COLOR: "1" };
  return spawn(process.execPath, ["--conditions=kerf-source", "tools/cli/src/main.ts", ...args], {
    cwd: root,
    env: { ...process.env, ...ours, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Starts a `kerf` command that goes on until it is interrupted. */
export function startKerf(home: string, args: readonly string[]): RunningCommand {
  return new RunningCommand(spawnKerf(home, args));
}

/** Runs `kerf` to its end. */
export async function runKerf(home: string, args: readonly string[]): Promise<Outcome> {
  const child = spawnKerf(home, args);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** Whether a process of this id runs (a zombie does not). */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks again until `attempt` returns something, at most `withinMs`. Between two attempts it waits for as long as the last one took: whoever asks by
 * starting a program leaves the processor to what is waited for.
 */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined>,
  withinMs = 15_000,
): Promise<T> {
  const end = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    const began = performance.now();
    try {
      const value = await attempt();
      if (value !== undefined) return value;
    } catch (thrown) {
      last = thrown;
    }
    const now = performance.now();
    if (now > end) throw new Error(`${what}: not within ${withinMs} ms`, { cause: last });
    const pauseMs = Math.min(Math.max(now - began, pollMs), longestPauseMs);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
