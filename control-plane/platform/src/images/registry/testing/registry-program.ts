// A real registry on this machine, the one of the CNCF's distribution project. For tests; no part of the package.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { engineCache, hasEngine } from "@kerf/events/testing";

/** Where `scripts/engines/registry` puts it. */
const program = "registry-3.0.0/registry";

/** Whether its program is here. */
export const hasRegistry = hasEngine(program);

/** A registry for a test. */
export class RegistryProgram {
  /** Host and port. */
  readonly host: string;
  readonly #process: ChildProcess;

  private constructor(host: string, child: ChildProcess) {
    this.host = host;
    this.#process = child;
  }

  /** Starts one that keeps everything in a folder. `auth`: whom it lets in, as its configuration says it; without it everybody. */
  static async start(folder: string, auth?: object): Promise<RegistryProgram> {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, "config.yml");
    const configuration = {
      version: 0.1,
      log: { level: "info", formatter: "json" },
      storage: { filesystem: { rootdirectory: join(folder, "data") } },
      http: { addr: "127.0.0.1:0" },
      ...(auth === undefined ? undefined : { auth }),
    };
    writeFileSync(file, JSON.stringify(configuration));
    const child = spawn(join(engineCache, program), ["serve", file], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { HOME: homedir(), OTEL_TRACES_EXPORTER: "none" },
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: child.stderr as Readable })) {
      said.push(line);
      const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
      if (port === undefined) continue;
      child.stderr?.resume();
      return new RegistryProgram(`127.0.0.1:${port}`, child);
    }
    throw new Error(`the registry did not start:\n${said.join("\n")}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill();
    await once(this.#process, "exit");
  }
}
