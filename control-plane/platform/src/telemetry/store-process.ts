import { rmSync } from "node:fs";
import type { RunState, Status } from "@kerf/control-api";
import { type Clock, type ErrorShape, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import type { TelemetrySettings } from "@kerf/telemetry";
import { programs } from "../programs.ts";
import type { ProcessRuntime } from "../runtimes/process.ts";
import type { Running } from "../runtimes/runtime.ts";
import type { Home } from "../state/home.ts";
import { readJson, writeJson } from "../state/json-file.ts";
import { describeExit } from "../supervisor/instance.ts";
import { RestartPolicy } from "../supervisor/restart-policy.ts";
import type { StoreClient } from "./store-client.ts";
import { type StorePorts, storePorts } from "./store-ports.ts";

/** How long it may take until it answers, milliseconds: it looks at all of its files first. */
const readyMs = 30_000;
/** Between two looks whether it answers, milliseconds. */
const lookMs = 100;
/** Between two looks whether one that answered still does, milliseconds. */
const probeMs = 5_000;
/** From which silence on it hangs, milliseconds: longer than any search that somebody waits for, during which it answers nobody else. */
const hungMs = 25_000;

/** By which a platform after this one finds the process again. */
interface StoreRecord {
  readonly ports: StorePorts;
  /** What the app sets of it, as its arguments. */
  readonly settings: readonly string[];
  readonly reference: unknown;
}

/** What the process needs and what it tells. */
export interface StoreProcessOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly runtime: Pick<ProcessRuntime, "startBeside" | "adopt">;
  /** Where it takes OTLP from programs of ours. */
  readonly otlpSocket: string;
  readonly client: Pick<StoreClient, "stored">;
  /** Whether OpenTelemetry's own ports are wanted, where they are free. */
  readonly usualPorts: boolean;
  /** It entered another state. */
  moved(store: StoreProcess): void;
  problem(error: KerfError, source: string): void;
}

/** The telemetry store as a process that is kept running. Nothing that serves waits for it; while it is away there is a gap. */
export class StoreProcess {
  readonly #options: StoreProcessOptions;
  readonly #policy: RestartPolicy;
  #ports: StorePorts | undefined;
  #settings: readonly string[] = [];
  #running: Running | undefined;
  #state: RunState = "stopped";
  #since: number;
  #wanted = false;
  /** How long the one that is being ended was silent; undefined while nothing is held against it. */
  #silentMs: number | undefined;
  #timer: Timer | undefined;
  #lastError: ErrorShape | undefined;

  constructor(options: StoreProcessOptions) {
    this.#options = options;
    this.#policy = new RestartPolicy(options.clock);
    this.#since = options.clock.wall();
  }

  /**
   * Where our programs send what they record: a socket, which cannot come to be somebody else's as a port can. Undefined where the app does without a
   * store.
   */
  get endpoint(): string | undefined {
    return this.#ports === undefined ? undefined : `unix:${this.#options.otlpSocket}`;
  }
  get state(): RunState {
    return this.#state;
  }
  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  /** As `status` shows it; undefined where there is none. */
  get status(): Status["telemetry"] {
    if (this.#ports === undefined) return undefined;
    return {
      endpoint: `http://127.0.0.1:${this.#ports.http}`,
      grpc: `http://127.0.0.1:${this.#ports.grpc}`,
      pid: this.pid,
      state: this.#state,
      restarts: this.#policy.restarts,
      since: new Date(this.#since).toISOString(),
      ...(this.#lastError === undefined ? undefined : { lastError: this.#lastError }),
    };
  }

  /** Decides what it is to be, and where programs will find it. Starts nothing, so that it costs the start of what serves nothing. */
  async prepare({
    keep = {},
    retention = {},
    store = true,
  }: TelemetrySettings = {}): Promise<void> {
    const { home, runtime, usualPorts } = this.#options;
    const record = readJson<StoreRecord>(home.telemetryRecord);
    const running = record && runtime.adopt(record.reference);
    if (!store) {
      running?.terminate();
      return;
    }
    this.#ports = running === undefined ? await storePorts(home, usualPorts) : record?.ports;
    this.#settings = [
      `--otlp-socket=${this.#options.otlpSocket}`,
      ...(retention.days === undefined ? [] : [`--keep-days=${retention.days}`]),
      ...(retention.bytes === undefined ? [] : [`--keep-bytes=${retention.bytes}`]),
      ...(keep.share === undefined ? [] : [`--keep=${keep.share}`]),
      ...(keep.slowMs === undefined ? [] : [`--slow-ms=${keep.slowMs}`]),
    ];
    if (running === undefined) return;
    this.#follow(running);
    // One that was started otherwise ends, and is started again as it is to be now.
    if (String(record?.settings) !== String(this.#settings)) running.terminate();
  }

  /** Starts it, unless it runs, and keeps it running from now on. What fails is reported and tried again. */
  start(): void {
    if (this.#ports === undefined) return;
    this.#wanted = true;
    if (this.#running === undefined && this.#timer === undefined) void this.#start();
  }

  /** Ends it with everything written; by force after `boundMs`. */
  async stop(boundMs: number): Promise<void> {
    this.#wanted = false;
    this.#timer?.cancel();
    const running = this.#running;
    if (running === undefined) return;
    this.#enter("draining");
    running.terminate();
    const timer = this.#options.clock.after(boundMs, () => running.kill());
    await running.exited;
    timer.cancel();
  }

  async #start(): Promise<void> {
    const { home, runtime, usualPorts } = this.#options;
    this.#enter("starting");
    try {
      // Should somebody else have one by now, another is taken.
      const ports = await storePorts(home, usualPorts);
      this.#ports = ports;
      const running = await runtime.startBeside(
        {
          name: "the telemetry store",
          file: programs.telemetryStore,
          args: [
            `--directory=${home.telemetry}`,
            `--socket=${home.telemetrySocket}`,
            `--port=${ports.http}`,
            `--grpc-port=${ports.grpc}`,
            ...this.#settings,
          ],
          logFile: home.log("telemetry"),
        },
        ({ reference }) =>
          writeJson(
            home.telemetryRecord,
            { ports, settings: this.#settings, reference } satisfies StoreRecord,
            { flush: false },
          ),
      );
      if (this.#wanted) this.#follow(running);
      else running.kill();
    } catch (thrown) {
      this.#again(toKerfError(thrown));
    }
  }

  #follow(running: Running): void {
    this.#running = running;
    this.#enter("starting");
    void this.#becomesReady(running);
    void running.exited.then((exit) => {
      this.#running = undefined;
      rmSync(this.#options.home.telemetryRecord, { force: true });
      const silentMs = this.#silentMs;
      this.#silentMs = undefined;
      const how =
        silentMs === undefined
          ? describeExit(exit)
          : `did not answer for ${silentMs / 1_000} s and was ended`;
      this.#again(
        new KerfError("start_failed", {
          message: `The telemetry store (process ${running.pid}) ${how}.`,
          why: "Until it is back, what programs record waits a few seconds and is dropped then.",
          fix: "It is started again by itself. Its log: kerf logs telemetry",
        }),
      );
    });
  }

  async #becomesReady(running: Running): Promise<void> {
    const { client, clock } = this.#options;
    const until = clock.now() + readyMs;
    while (this.#running === running && this.#state === "starting") {
      const answers = await client.stored().then(
        () => true,
        () => false,
      );
      if (this.#running !== running) return;
      if (answers) {
        this.#policy.ready();
        this.#lastError = undefined;
        this.#enter("ready");
        return this.#staysReady(running);
      }
      if (clock.now() > until) return this.#kill(running, readyMs);
      await new Promise<void>((resolve) => clock.after(lookMs, resolve));
    }
  }

  /** A process that is there and answers nobody is as good as none: it is ended, and so started again. */
  async #staysReady(running: Running): Promise<void> {
    const { client, clock } = this.#options;
    while (this.#running === running && this.#state === "ready") {
      await new Promise<void>((resolve) => clock.after(probeMs, resolve));
      if (this.#running !== running || this.#state !== "ready") return;
      const since = clock.now();
      // What refuses at once answers, or ends, which is noticed elsewhere.
      await client.stored(hungMs).catch(() => {});
      if (this.#running !== running || this.#state !== "ready") return;
      if (clock.now() - since >= hungMs) return this.#kill(running, hungMs);
    }
  }

  #kill(running: Running, silentMs: number): void {
    this.#silentMs = silentMs;
    running.kill();
  }

  #again(error: KerfError): void {
    if (!this.#wanted) return this.#enter("stopped");
    this.#lastError = error.toShape();
    const wasLooping = this.#policy.looping;
    const wait = this.#policy.ended();
    if (this.#policy.looping && !wasLooping) this.#options.problem(error, "telemetry");
    this.#enter(this.#policy.looping ? "crashed" : "restarting");
    this.#timer = this.#options.clock.after(wait, () => {
      this.#timer = undefined;
      if (this.#wanted) void this.#start();
    });
  }

  #enter(state: RunState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#since = this.#options.clock.wall();
    this.#options.moved(this);
  }
}
