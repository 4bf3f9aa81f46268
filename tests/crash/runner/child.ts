import { type ChildProcess, fork } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { pausedMark, resumeFd } from "../hook/crash.ts";
import { bounded } from "./bounded.ts";
import type { Order, ProcessBoot, Report } from "./protocol.ts";

/** How long a process may take to start or to stop, milliseconds. */
const boundMs = 20_000;
/** Lines that are kept of what it says. */
const maxLines = 200;
const program = fileURLToPath(new URL("process.ts", import.meta.url));

/** How a process stands after it was told to stop. */
export type Ended = Extract<Report, { stopped: unknown }>["stopped"] | "killed";

/** A process of a run, as the runner sees it. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #paused = Promise.withResolvers<void>();
  /** What came of the order to start. */
  #booted: Promise<unknown> | undefined;
  /** What it logged in this run. */
  lines: string[] = [];

  constructor() {
    this.#process = fork(program, {
      execArgv: ["--conditions=kerf-source", "--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "pipe", "ipc", "pipe"],
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (text.includes(pausedMark)) this.#paused.resolve();
      this.lines.push(...text.trimEnd().split("\n"));
      if (this.lines.length > maxLines) this.lines.splice(0, this.lines.length - maxLines);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    this.#process.once("exit", () => resolve());
    // A message to one that has just been killed is lost; its end tells.
    this.#process.on("error", () => undefined);
  }

  /** Resolves when it is gone. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** Resolves when it has paused itself in this run. */
  get paused(): Promise<void> {
    return this.#paused.promise;
  }

  /** Lets a paused one go on. */
  resume(): void {
    (this.#process.stdio[resumeFd] as Writable).write("g");
  }

  get isGone(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Whether it came to its end by SIGKILL, which is how a plan ends it. */
  get wasKilled(): boolean {
    return this.#process.signalCode === "SIGKILL";
  }

  /** Makes it an instance. False when it was killed while starting, as planned. */
  async boot(boot: ProcessBoot): Promise<boolean> {
    this.lines = [];
    this.#paused = Promise.withResolvers();
    const paused = this.#paused.promise.then(() => "paused" as const);
    this.#booted = this.#ask({ boot });
    return (await Promise.race([this.#booted, paused])) !== "killed";
  }

  /** Ends the instance in order; the process stays for the next one. */
  async stop(): Promise<Ended> {
    // One that paused itself while it started has not said yet that it runs.
    await this.#booted;
    const report = await this.#ask("stop");
    if (report === "killed") return report;
    if ("stopped" in report) return report.stopped;
    throw new Error(`A process reported ${JSON.stringify(report)} when told to stop.`);
  }

  /** Ends the process at once. */
  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  async #ask(order: Order): Promise<Report | "killed"> {
    if (this.isGone) return "killed";
    const answer = new Promise<Report>((resolve) => this.#process.once("message", resolve));
    this.#process.send(order);
    const report = await bounded(
      Promise.race([answer, this.#exited.then(() => "killed" as const)]),
      boundMs,
      () =>
        `a process did not answer ${order === "stop" ? order : "boot"}:\n${this.lines.join("\n")}`,
    );
    if (report === "killed" && !this.wasKilled)
      throw new Error(`A process ended by itself:\n${this.lines.join("\n")}`);
    if (report !== "killed" && "failed" in report) throw new Error(report.failed);
    return report;
  }
}
