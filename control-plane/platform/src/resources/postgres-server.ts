import type { RunState } from "@kerf/control-api";
import { DatabaseServer } from "@kerf/data";
import { EmbeddedServer } from "@kerf/data/embedded";
import { type Clock, type ErrorShape, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { readSecretUrl } from "./secret-file.ts";
import type { Home } from "../state/home.ts";
import { RestartPolicy } from "../supervisor/restart-policy.ts";

/** How long a server that nobody waits for any more may take to shut down, in milliseconds. */
const abandonedBoundMs = 2_000;

/** What a server tells of itself. */
export interface PostgresServerOptions {
  readonly name: string;
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Logger;
  /** File with the URL of a server that we do not run. */
  readonly urlFile?: string | undefined;
  /** It answers, for the first time or again. */
  started(server: DatabaseServer): Promise<void>;
  /** It entered another state. */
  moved(server: PostgresServer): void;
  problem(error: KerfError, source: string): void;
}

/** One PostgreSQL server: embedded and kept running by us, or somebody else's by URL. */
export class PostgresServer {
  readonly name: string;
  readonly embedded: boolean;
  readonly #options: PostgresServerOptions;
  readonly #policy: RestartPolicy;
  #running: EmbeddedServer | undefined;
  #state: RunState = "stopped";
  #since: number;
  readonly #abandon = new AbortController();
  #timer: Timer | undefined;
  #attempt: Promise<void> = Promise.resolve();
  lastError: ErrorShape | undefined;

  constructor(options: PostgresServerOptions) {
    this.name = options.name;
    this.embedded = options.urlFile === undefined;
    this.#options = options;
    this.#policy = new RestartPolicy(options.clock);
    this.#since = options.clock.wall();
  }

  /** File with the URL of a server that we do not run. */
  get urlFile(): string | undefined {
    return this.#options.urlFile;
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

  /** Fast shutdown, by force after `boundMs`. A server by URL is left alone. */
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
      const server = await this.#open();
      if (this.#abandon.signal.aborted) {
        // Whoever stopped it may have given up waiting for it to be there.
        await this.#running?.stop(abandonedBoundMs);
        return;
      }
      this.lastError = undefined;
      this.#policy.ready();
      this.#enter("ready");
      await this.#options.started(server);
    } catch (thrown) {
      const error = toKerfError(thrown);
      this.lastError = error.toShape();
      this.#again(error);
    }
  }

  async #open(): Promise<DatabaseServer> {
    const { urlFile, home, name } = this.#options;
    if (urlFile !== undefined)
      return DatabaseServer.fromUrl(await readSecretUrl(urlFile, "a database server"), { name });
    const running = await EmbeddedServer.start({
      name,
      directory: home.postgres(name),
      socketDirectory: home.postgresSocket(name),
      signal: this.#abandon.signal,
    });
    this.#running = running;
    void running.exited.then(() => this.#ended(running));
    return running.database;
  }

  #ended(running: EmbeddedServer): void {
    if (this.#running !== running || this.#abandon.signal.aborted) return;
    this.#running = undefined;
    const error = new KerfError("start_failed", {
      message: `The PostgreSQL server ${this.name} (process ${running.pid}) ended while it ran.`,
      why: "Somebody ended it, or it ran out of memory or disk.",
      fix: `It is started again by itself. Its log: kerf logs postgres:${this.name}`,
    });
    this.lastError = error.toShape();
    this.#again(error);
  }

  #again(error: KerfError): void {
    if (this.#abandon.signal.aborted) return;
    const wasLooping = this.#policy.looping;
    const wait = this.#policy.ended();
    this.#options.log.warn(error.message, { code: error.code });
    if (wait === 0 || (this.#policy.looping && !wasLooping)) {
      this.#options.problem(error, `postgres:${this.name}`);
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
    this.#options.moved(this);
  }
}
