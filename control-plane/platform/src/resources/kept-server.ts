import type { RunState } from "@kerf/control-api";
import { type Clock, type ErrorShape, type KerfError, type Timer, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { RestartPolicy } from "../supervisor/restart-policy.ts";

/** How long a server that nobody waits for any more may take to shut down, in milliseconds. */
const abandonedBoundMs = 2_000;

/** A server that we run: a process of this machine, or a container. */
export interface RunningServer {
  readonly pid: number;
  /** Resolves when it has ended, however it did. */
  readonly exited: Promise<unknown>;
  /** Ends it in order, by force after `boundMs` milliseconds. */
  stop(boundMs: number): Promise<void>;
}

/** What came of a start. */
export interface OpenedServer<Value> {
  /** How it is reached. */
  readonly value: Value;
  /** Undefined for a server that somebody else runs. */
  readonly running?: RunningServer | undefined;
}

/** What keeps a server running. */
export interface KeptServerOptions<Value> {
  /** As logs and problems name it: `postgres:main`. */
  readonly source: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts it, adopts it, or reaches it. Throws why that cannot be. */
  open(signal: AbortSignal): Promise<OpenedServer<Value>>;
  /** Why it is not there any more. */
  ended(running: RunningServer): KerfError;
  /** It answers, for the first time or again. */
  started(value: Value): Promise<void>;
  /** It entered another state. */
  moved(): void;
  problem(error: KerfError, source: string): void;
}

/** Keeps one server running that the platform stands on: it is started again when it ends, later and later while it does not stay up. */
export class KeptServer<Value> {
  readonly #options: KeptServerOptions<Value>;
  readonly #policy: RestartPolicy;
  #running: RunningServer | undefined;
  #state: RunState = "stopped";
  #since: number;
  readonly #abandon = new AbortController();
  #timer: Timer | undefined;
  #attempt: Promise<void> = Promise.resolve();
  lastError: ErrorShape | undefined;

  constructor(options: KeptServerOptions<Value>) {
    this.#options = options;
    this.#policy = new RestartPolicy(options.clock);
    this.#since = options.clock.wall();
  }

  get pid(): number {
    return this.#running?.pid ?? 0;
  }
  get state(): RunState {
    return this.#state;
  }
  /** When the state began, milliseconds since 1970-01-01 UTC. */
  get since(): number {
    return this.#since;
  }
  get restarts(): number {
    return this.#policy.restarts;
  }

  /** Starts it, or adopts it when it runs; keeps it running from now on. Never rejects: what fails is reported and tried again. */
  start(): Promise<void> {
    this.#attempt = this.#start();
    return this.#attempt;
  }

  /** Fast shutdown, by force after `boundMs`. A server of somebody else's is left alone. */
  async stop(boundMs: number): Promise<void> {
    this.#abandon.abort();
    this.#timer?.cancel();
    // A start that is under way leaves a server behind that nobody would stop.
    const bound = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(boundMs, bound.resolve);
    await Promise.race([this.#attempt, bound.promise]);
    timer.cancel();
    if (this.#running !== undefined) {
      this.#enter("draining");
      await this.#running.stop(boundMs);
      this.#running = undefined;
    }
    this.#enter("stopped");
  }

  async #start(): Promise<void> {
    this.#enter("starting");
    try {
      const { running, value } = await this.#options.open(this.#abandon.signal);
      this.#running = running;
      if (running !== undefined) void running.exited.then(() => this.#ended(running));
      if (this.#abandon.signal.aborted) {
        // Whoever stopped it may have given up waiting for it to be there.
        await running?.stop(abandonedBoundMs);
        return;
      }
      this.lastError = undefined;
      this.#policy.ready();
      this.#enter("ready");
      await this.#options.started(value);
    } catch (thrown) {
      const error = toKerfError(thrown);
      this.lastError = error.toShape();
      this.#again(error);
    }
  }

  #ended(running: RunningServer): void {
    if (this.#running !== running || this.#abandon.signal.aborted) return;
    this.#running = undefined;
    const error = this.#options.ended(running);
    this.lastError = error.toShape();
    this.#again(error);
  }

  #again(error: KerfError): void {
    if (this.#abandon.signal.aborted) return;
    const wasLooping = this.#policy.looping;
    const wait = this.#policy.ended();
    this.#options.log.warn(error.message, { code: error.code });
    if (wait === 0 || (this.#policy.looping && !wasLooping)) {
      this.#options.problem(error, this.#options.source);
    }
    this.#enter(this.#policy.looping ? "crashed" : "restarting");
    this.#timer = this.#options.clock.after(wait, () => {
      // It reports what fails itself.
      if (!this.#abandon.signal.aborted) void this.start();
    });
  }

  #enter(state: RunState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#since = this.#options.clock.wall();
    this.#options.moved();
  }
}
