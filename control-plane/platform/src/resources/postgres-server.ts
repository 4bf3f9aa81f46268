import { existsSync } from "node:fs";
import { DatabaseServer } from "@kerf/data";
import { EmbeddedServer } from "@kerf/data/embedded";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../state/home.ts";
import { KeptServer, type OpenedServer } from "./kept-server.ts";
import { readSecretUrl } from "./secret-file.ts";

/** Runs PostgreSQL servers elsewhere than in processes of this machine. */
export interface PostgresContainers {
  /** The image that they run. */
  readonly image: string;
  /** Starts the server `name`, or adopts it. */
  open(name: string, signal: AbortSignal): Promise<OpenedServer<DatabaseServer>>;
}

/** What a server tells of itself. */
export interface PostgresServerOptions {
  readonly name: string;
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Logger;
  /** File with the URL of a server that we do not run. */
  readonly urlFile?: string | undefined;
  /** Where servers that we run are containers. */
  readonly containers?: PostgresContainers | undefined;
  /** It answers, for the first time or again. */
  started(server: DatabaseServer): Promise<void>;
  /** It entered another state. */
  moved(server: PostgresServer): void;
  problem(error: KerfError, source: string): void;
}

/** One PostgreSQL server: embedded or in a container and kept running by us, or somebody else's by URL. */
export class PostgresServer extends KeptServer<DatabaseServer> {
  readonly name: string;
  /** Whether we run it. */
  readonly embedded: boolean;
  /** File with the URL of a server that we do not run. */
  readonly urlFile: string | undefined;
  /** The image that it runs, where it is a container. */
  readonly image: string | undefined;

  constructor(options: PostgresServerOptions) {
    const { clock, containers, log, name, urlFile } = options;
    const source = `postgres:${name}`;
    super({
      source,
      clock,
      log,
      started: (server) => options.started(server),
      problem: (error, of) => options.problem(error, of),
      open: (signal) => open(options, signal),
      moved: () => options.moved(this),
      ended: ({ pid }) =>
        new KerfError("start_failed", {
          message: `The PostgreSQL server ${name} (process ${pid}) ended while it ran.`,
          why: "Somebody ended it, or it ran out of memory or disk.",
          fix: `It is started again by itself. Its log: kerf logs ${source}`,
        }),
    });
    this.name = name;
    this.embedded = urlFile === undefined;
    this.urlFile = urlFile;
    this.image = urlFile === undefined ? containers?.image : undefined;
  }
}

async function open(
  { containers, home, name, urlFile }: PostgresServerOptions,
  signal: AbortSignal,
): Promise<OpenedServer<DatabaseServer>> {
  if (urlFile !== undefined) {
    const url = await readSecretUrl(urlFile, "a database server");
    return { value: DatabaseServer.fromUrl(url, { name }) };
  }
  const isEmbedded = existsSync(home.postgresData(name));
  const isContainer = existsSync(home.backingMade(`postgres-${name}`));
  // An empty database in the place of a full one would look like lost data.
  if (containers !== undefined && isEmbedded)
    throw elsewhere(name, "the embedded server", "without --postgres", home.postgres(name));
  if (containers === undefined && isContainer && !isEmbedded)
    throw elsewhere(name, "a container", "with --postgres", home.backing(`postgres-${name}`));
  if (containers !== undefined) return containers.open(name, signal);
  const running = await EmbeddedServer.start({
    name,
    directory: home.postgres(name),
    socketDirectory: home.postgresSocket(name),
    signal,
  });
  return { value: running.database, running };
}

function elsewhere(name: string, where: string, how: string, folder: string): KerfError {
  return new KerfError("start_failed", {
    message: `The data of the PostgreSQL server ${name} belong to ${where}.`,
    why: "The platform was started with other options before.",
    fix: `Start it ${how}, as before. To begin with empty databases, move this folder away: ${folder}`,
  });
}
