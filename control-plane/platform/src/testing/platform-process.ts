import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex, Readable } from "node:stream";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import {
  operatorHeader,
  platform,
  type PlatformContract,
  type ProgressEvent,
  type Status,
} from "@kerf/control-api";
import { programEnvironment, programExecArgv } from "../runtimes/environment.ts";
import { identify, lives, type ProcessIdentity } from "../runtimes/process-identity.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const fixtures = fileURLToPath(new URL("../fixtures/", import.meta.url));
const modules = fileURLToPath(new URL("../../../../node_modules", import.meta.url));

/** A copy of a fixture app outside of the workspace, which a test may change, and a home for it. */
export class Workplace {
  readonly root: string;
  readonly home: string;
  readonly #processes: PlatformProcess[] = [];
  readonly #seen = new Map<number, ProcessIdentity>();

  constructor(t: TestContext, fixture: string) {
    this.root = mkdtempSync(join(tmpdir(), "kerf-platform-"));
    this.home = join(this.root, "home");
    cpSync(join(fixtures, fixture), join(this.root, "app"), { recursive: true });
    symlinkSync(modules, join(this.root, "app", "node_modules"));
    t.after(async () => {
      for (const process of this.#processes) await process.end();
      for (const identity of this.left()) process.kill(identity.pid, "SIGKILL");
      rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  /** What stands for the user's own configuration, outside of the home. */
  get configuration(): string {
    return join(this.root, "configuration");
  }

  /** A path in the app. */
  path(...names: string[]): string {
    return join(this.root, "app", ...names);
  }

  /** Starts a platform on it; `lifeline` shares the one of an earlier platform. */
  start(...options: string[]): PlatformProcess {
    const started = new PlatformProcess(this, options);
    this.#processes.push(started);
    return started;
  }

  /** Remembers a process, so that it can be asked for at the end. */
  saw(pid: number): void {
    if (this.#seen.has(pid)) return;
    const identity = identify(pid);
    if (identity !== undefined) this.#seen.set(pid, identity);
  }

  /** Every process that was ever told of and still lives. */
  left(): ProcessIdentity[] {
    return [...this.#seen.values()].filter(lives);
  }
}

/** A platform in its own process, as a launcher has it. */
export class PlatformProcess {
  readonly child: ChildProcess;
  readonly events: ProgressEvent[] = [];
  /** Exit code, or the signal. */
  readonly exited: Promise<number | string>;
  readonly #workplace: Workplace;
  readonly #waiting = new Set<() => void>();
  #gone = false;

  constructor(workplace: Workplace, options: readonly string[]) {
    this.#workplace = workplace;
    this.child = spawn(
      process.execPath,
      [
        ...programExecArgv(),
        main,
        `--app=${workplace.path("app.ts")}`,
        `--home=${workplace.home}`,
        "--port=0",
        "--platform-port=0",
        ...options,
      ],
      {
        stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"],
        env: {
          ...programEnvironment(),
          KERF_LIFELINE_FD: "4",
          // Where the master key lies: not among those of whoever runs the tests.
          XDG_CONFIG_HOME: workplace.configuration,
        },
      },
    );
    this.exited = new Promise((resolve) => {
      this.child.once("exit", (code, signal) => {
        this.#gone = true;
        for (const check of this.#waiting) check();
        resolve(code ?? signal ?? "?");
      });
    });
    this.#lifeline.on("error", () => {}).resume();
    let text = "";
    (this.child.stdio[3] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (text + chunk).split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#heard(JSON.parse(line) as ProgressEvent);
    });
  }

  /** The first event, past or to come, that fits; rejects when the platform ends before. */
  event<T extends ProgressEvent["type"]>(
    type: T,
    fits: (event: Extract<ProgressEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ProgressEvent, { type: T }>> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        for (const event of this.events) {
          if (event.type !== type || !fits(event as Extract<ProgressEvent, { type: T }>)) continue;
          this.#waiting.delete(check);
          return resolve(event as Extract<ProgressEvent, { type: T }>);
        }
        if (!this.#gone) return;
        this.#waiting.delete(check);
        reject(
          new Error(`the platform ended before ${type}: ${JSON.stringify(this.events.slice(-5))}`),
        );
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** An event that comes after this moment. */
  next<T extends ProgressEvent["type"]>(
    type: T,
    fits: (event: Extract<ProgressEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<ProgressEvent, { type: T }>> {
    const from = this.events.at(-1)?.sequence ?? 0;
    return this.event(type, (event) => event.sequence > from && fits(event));
  }

  async ready(): Promise<Status> {
    return (await this.event("ready")).status;
  }

  get url(): string {
    return (
      JSON.parse(readFileSync(join(this.#workplace.home, "platform.json"), "utf8")) as {
        url: string;
      }
    ).url;
  }

  get token(): string {
    return readFileSync(join(this.#workplace.home, "token"), "utf8").trim();
  }

  get client(): Client<PlatformContract> {
    const headers = { authorization: `Bearer ${this.token}`, [operatorHeader]: "ada" };
    return httpClient(platform, { baseUrl: this.url, headers: () => headers });
  }

  /** Ends what the launcher holds, as its death does. */
  cutLifeline(): void {
    this.#lifeline.destroy();
  }

  async end(): Promise<void> {
    this.child.kill("SIGTERM");
    await this.exited;
    this.cutLifeline();
  }

  get #lifeline(): Duplex {
    return this.child.stdio[4] as Duplex;
  }

  #heard(event: ProgressEvent): void {
    this.events.push(event);
    if (event.type === "instance" && event.pid > 0) this.#workplace.saw(event.pid);
    for (const check of this.#waiting) check();
  }
}
