import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { ReleasedApp } from "../../releases/released-app.ts";

/** How long a platform that comes back may take to be ready, milliseconds: the machine may be busy. */
const readyMs = 60_000;

/** A platform as `kerf up` starts it, that can be told at which moment to die. */
export class HookedPlatform {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** Moments that it came to since it was armed, in their order. */
  moments: string[] = [];

  private constructor(app: ReleasedApp) {
    const log = openSync(join(app.home, "logs", "platform.log"), "a");
    this.#child = spawn(
      process.execPath,
      [
        "--conditions=kerf-source",
        `--import=${import.meta.resolve("./hook.ts")}`,
        fileURLToPath(import.meta.resolve("@kerf/platform/main")),
        `--app=${app.app}`,
        `--home=${app.home}`,
        "--port=0",
        "--platform-port=0",
        "--environment=production",
        "--releases",
      ],
      { stdio: ["ignore", log, log, "pipe", "ipc"], detached: true },
    );
    this.#ended = once(this.#child, "exit");
    this.#child.on("message", (said: { reached?: string }) => {
      if (said.reached !== undefined) this.moments.push(said.reached);
    });
  }

  /** Ends the platform that runs, as kill -9 does, and starts one with a hook in its place; resolves when it is ready. */
  static async takeOver(app: ReleasedApp): Promise<HookedPlatform> {
    const { pid } = JSON.parse(await readFile(join(app.home, "platform.json"), "utf8")) as {
      pid: number;
    };
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
    return HookedPlatform.start(app);
  }

  /** Resolves when it is ready; rejects when it ends before, or is late. */
  static async start(app: ReleasedApp): Promise<HookedPlatform> {
    const platform = new HookedPlatform(app);
    const late = AbortSignal.timeout(readyMs);
    const lines = createInterface({ input: platform.#child.stdio[3] as Readable, signal: late });
    for await (const line of lines) {
      const event = JSON.parse(line) as { type: string; fatal?: boolean; error?: unknown };
      if (event.fatal === true) throw new Error(`it did not start: ${JSON.stringify(event.error)}`);
      if (event.type !== "ready") continue;
      (platform.#child.stdio[3] as Readable).resume();
      return platform;
    }
    platform.#child.kill("SIGKILL");
    throw new Error(`the platform was not ready within ${readyMs} ms, or ended`);
  }

  /** From here on its moments count; it dies at the one that is named. */
  async arm(killAt?: string): Promise<void> {
    this.moments = [];
    const armed = once(this.#child, "message");
    this.#child.send({ killAt });
    await armed;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Resolves when it has ended. */
  async ended(): Promise<void> {
    if (this.isAlive) await this.#ended;
  }

  /** Lets this process end although it runs. */
  letGo(): void {
    this.#child.unref();
    this.#child.disconnect();
    (this.#child.stdio[3] as Readable).destroy();
  }
}
