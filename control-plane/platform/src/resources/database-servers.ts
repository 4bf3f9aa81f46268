import type { DatabaseServer } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { ServerPlace } from "./moves/locations.ts";
import { PostgresServer, type PostgresServerOptions } from "./postgres-server.ts";

/** How long a server that the app no longer names may take to shut down, in milliseconds. */
const stopBoundMs = 8_000;

/** What servers tell of themselves. */
export interface DatabaseServersOptions extends Pick<
  PostgresServerOptions,
  "clock" | "containers" | "home" | "log" | "moved"
> {
  /** One answers, for the first time or again. */
  started(name: string, server: DatabaseServer): Promise<void>;
  /** One cannot be had. */
  failed(name: string, error: KerfError, source: string): void;
  /** Whether a service has its database there. */
  isUsed(name: string): boolean;
}

/** The servers that the databases of services lie on: those that are needed run, or are reached. */
export class DatabaseServers {
  readonly #options: DatabaseServersOptions;
  readonly #servers = new Map<string, PostgresServer>();
  readonly #reachable = new Map<string, DatabaseServer>();
  /** Servers that a move needs. */
  readonly #opened = new Set<string>();

  constructor(options: DatabaseServersOptions) {
    this.#options = options;
  }

  get all(): readonly PostgresServer[] {
    return [...this.#servers.values()];
  }

  /** The logs of those that we run. */
  get logs(): string[] {
    const { home } = this.#options;
    return this.all.filter(({ embedded }) => embedded).map(({ name }) => home.postgresLog(name));
  }

  /** One that has answered. */
  reachable(name: string): DatabaseServer | undefined {
    return this.#reachable.get(name);
  }

  /** File with the URL of one that we do not run. */
  urlFileOf(name: string): string | undefined {
    return this.#servers.get(name)?.urlFile;
  }

  /** Starts servers that will most likely be needed, before it is known what the app is. */
  startEarly(names: readonly string[]): void {
    // They report what fails themselves.
    for (const name of names) void this.#server(name, undefined).start();
  }

  /**
   * From now on these are needed, and those that are open: the others are stopped, and what does not run is started. Answers those that can be reached already.
   * @param urlFiles by server: where the URLs are of those that we do not run
   */
  need(
    names: Iterable<string>,
    urlFiles: ReadonlyMap<string, string | undefined>,
  ): [name: string, server: DatabaseServer][] {
    const needed = new Set([...names, ...this.#opened]);
    for (const [name, server] of this.#servers) {
      if (needed.has(name)) continue;
      this.#servers.delete(name);
      this.#reachable.delete(name);
      // Nothing waits for its end.
      void server.stop(stopBoundMs);
    }
    return [...needed].flatMap((name) => {
      const server = this.#servers.get(name);
      const reachable = this.#reachable.get(name);
      const urlFile = urlFiles.get(name);
      if (server === undefined || (urlFile !== undefined && server.embedded)) {
        // It reports what fails itself.
        void this.#server(name, urlFile).start();
        return [];
      }
      return reachable === undefined ? [] : [[name, reachable]];
    });
  }

  /** Starts a server, or reaches it, and keeps it until {@link close}. Throws why it cannot be had. */
  async open({ server: name, urlFile }: ServerPlace): Promise<DatabaseServer> {
    const known = this.#reachable.get(name);
    if (known === undefined) {
      const server = this.#server(name, urlFile);
      this.#opened.add(name);
      await server.start();
      if (!this.#reachable.has(name)) {
        await this.close(name);
        throw KerfError.fromShape(
          server.lastError ?? {
            ...new KerfError("not_ready", `The server ${name} does not answer.`).toShape(),
          },
        );
      }
    }
    this.#opened.add(name);
    return this.#reachable.get(name) as DatabaseServer;
  }

  /** Lets a server go that {@link open} has started, unless a service lives there. */
  async close(name: string): Promise<void> {
    this.#opened.delete(name);
    if (this.#options.isUsed(name)) return;
    const server = this.#servers.get(name);
    this.#servers.delete(name);
    this.#reachable.delete(name);
    await server?.stop(stopBoundMs);
  }

  async stop(boundMs: number): Promise<void> {
    await Promise.all(this.all.map((server) => server.stop(boundMs)));
  }

  #server(name: string, urlFile: string | undefined): PostgresServer {
    const known = this.#servers.get(name);
    // It may have been started before the app was known, and the app have a server of its own by that name.
    const isReplaced = urlFile !== undefined && known?.embedded === true;
    if (known !== undefined && !isReplaced) return known;
    if (known !== undefined) {
      void known.stop(stopBoundMs);
      this.#reachable.delete(name);
    }
    const { clock, containers, home, log } = this.#options;
    const server = new PostgresServer({
      name,
      urlFile,
      containers,
      home,
      clock,
      log,
      started: (reachable) => {
        this.#reachable.set(name, reachable);
        return this.#options.started(name, reachable);
      },
      moved: (moved) => this.#options.moved(moved),
      problem: (error, source) => this.#options.failed(name, error, source),
    });
    this.#servers.set(name, server);
    return server;
  }
}
