import { setTimeout as wait } from "node:timers/promises";
import type { ProgressEvent, Status } from "@kerf/control-api";
import { exitCodeOfError, exitCodes } from "../exit-code.ts";
import { duration } from "../output/duration.ts";
import { failureLines } from "../output/failure.ts";
import type { ProgressView } from "../output/progress-view.ts";
import { failedStart } from "./failed-start.ts";
import type { Guardian } from "./guardian.ts";
import { type PlatformExit, PlatformProcess, type PlatformStart } from "./platform-process.ts";
import type { StopRequest } from "./stop-requests.ts";

/** After being asked to stop in order, the platform has this long; with the guardian's 2 s it stays within 10 s. */
const orderlyMs = 7_000;
/** Pauses before a platform that died is started again, milliseconds; the last one goes on. */
const restartPauses = [100, 500, 1_000, 2_000, 5_000, 10_000];
/** A platform that lived this long, in milliseconds, died for a new reason. */
const settledMs = 60_000;

/** What a launcher is made from. */
export interface LauncherOptions {
  readonly platform: Omit<PlatformStart, "onEvent" | "endsWithUs">;
  readonly guardian: Guardian;
  readonly view: ProgressView;
  /** The picture and what to try next. */
  describe(status: Status, readyMs: number): Promise<string>;
}

/** Keeps the platform running until it is told to stop, and then sees that nothing is left. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #startedAt = performance.now();
  /** Every one that ran: what an earlier one started hangs on that one's lifeline. */
  readonly #platforms: PlatformProcess[] = [];
  /** Aborts at the first request to stop. */
  readonly #stopping = new AbortController();
  /** Aborts when there is no time left for a stop in order. */
  readonly #hurry = new AbortController();
  #request: StopRequest | undefined;
  #stoppedByItself = false;
  #ready = false;
  #fatal: string | undefined;

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Runs until everything has stopped; resolves with the exit code. */
  async run(): Promise<number> {
    for (let failures = 0; ;) {
      const startedAt = performance.now();
      const platform = this.#start();
      const exit = await Promise.race([platform.exited, aborted(this.#stopping.signal)]);
      if (exit === undefined || this.#stoppedByItself) break;
      if (!this.#ready) {
        await this.#explainFailedStart(platform, exit);
        break;
      }
      failures = performance.now() - startedAt > settledMs ? 1 : failures + 1;
      const pause = restartPauses[Math.min(failures, restartPauses.length) - 1] ?? 0;
      this.#options.view.note(
        `! the platform ended (${exit.signal ?? `exit code ${exit.code}`}); what it started goes on serving. Starting it again${pause >= 1_000 ? ` in ${duration(pause)}` : ""}; its log: ${platform.log}`,
      );
      await wait(pause, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) break;
    }
    await this.#end();
    return this.#exitCode();
  }

  /** Stops everything: the first time in order, the second time at once. */
  stop(request: StopRequest): void {
    const { view } = this.#options;
    if (this.#request !== undefined || request === "parent-gone") {
      if (!this.#hurry.signal.aborted) view.note("stopping at once…");
      this.#hurry.abort();
    } else {
      view.note("stopping… (Ctrl-C again: at once)");
      this.#platforms.at(-1)?.askToStop();
    }
    this.#request ??= request;
    this.#stopping.abort();
  }

  #start(): PlatformProcess {
    const platform = new PlatformProcess({
      ...this.#options.platform,
      endsWithUs: true,
      onEvent: (event) => this.#heard(event),
    });
    this.#platforms.push(platform);
    return platform;
  }

  #heard(event: ProgressEvent): void {
    const { view } = this.#options;
    view.event(event);
    if (event.type === "stopping" && !this.#stopping.signal.aborted) this.#stoppedByItself = true;
    if (event.type === "problem" && event.fatal === true) this.#fatal = event.error.code;
    if (event.type !== "ready") return;
    this.#fatal = undefined;
    if (this.#ready) {
      view.note("✓ the platform is back");
      return;
    }
    this.#ready = true;
    void this.#showReady(event.status); // It has its own end: a picture that fails is no reason to stop.
  }

  async #showReady(status: Status): Promise<void> {
    const { view } = this.#options;
    const text = await this.#options
      .describe(status, performance.now() - this.#startedAt)
      .catch((error: Error) => error.message);
    if (!this.#stopping.signal.aborted) view.result(text);
  }

  async #explainFailedStart(platform: PlatformProcess, exit: PlatformExit): Promise<void> {
    // The platform has said itself what is wrong, as a rule.
    if (this.#fatal !== undefined) return;
    const error = await failedStart(platform, exit);
    this.#options.view.note(failureLines(error.toShape()));
  }

  /** Waits for the platform as long as it may take, cuts the lifelines and has the guardian end what is left. */
  async #end(): Promise<void> {
    const bound = new AbortController();
    await Promise.race([
      this.#platforms.at(-1)?.exited,
      aborted(this.#hurry.signal),
      wait(orderlyMs, undefined, { signal: bound.signal }).catch(() => {}),
    ]);
    bound.abort();
    for (const platform of this.#platforms) platform.cutLifeline();
    await this.#options.guardian.clearUpNow();
  }

  #exitCode(): number {
    if (this.#fatal !== undefined) return exitCodeOfError(this.#fatal);
    if (this.#request === "SIGINT") return exitCodes.interrupted;
    return this.#request !== undefined || this.#stoppedByItself ? exitCodes.ok : exitCodes.failed;
  }
}

/** Resolves when the signal aborts. */
function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
