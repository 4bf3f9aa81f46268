import { join } from "node:path";
import type { Home } from "../../state/home.ts";
import { readJson, writeJson } from "../../state/json-file.ts";

/** A database server, as the platform finds it again. */
export interface ServerPlace {
  readonly server: string;
  /** File with the URL of a server that we do not run. */
  readonly urlFile?: string | undefined;
}

/** A database that its service has left. */
export interface LeftDatabase extends ServerPlace {
  readonly service: string;
  /** What it is called now. */
  readonly database: string;
  /** When it was left, RFC 3339. */
  readonly at: string;
}

/** `state/databases.json`. */
interface KeptLocations {
  readonly version: 1;
  /** The services whose database is not where the app says. */
  readonly at: Readonly<Record<string, ServerPlace>>;
  readonly left: readonly LeftDatabase[];
}

/** A move that did not come to its end yet: `state/database-move.json`. */
export interface UnfinishedMove {
  readonly version: 1;
  readonly id: string;
  readonly by: string;
  readonly service: string;
  readonly from: ServerPlace;
  readonly to: ServerPlace;
  /** What the old database is to be called. */
  readonly aside: string;
  /** Statements that give the service its right to write again; there once it may have been taken. */
  readonly rights?: readonly string[] | undefined;
}

/** Where the databases of services are that were moved. One file says so, and is replaced whole: that is the moment of a move. */
export class Locations {
  readonly #file: string;
  readonly #moveFile: string;
  #kept: KeptLocations;
  #unfinished: UnfinishedMove | undefined;

  constructor(home: Pick<Home, "state">) {
    this.#file = join(home.state, "databases.json");
    this.#moveFile = join(home.state, "database-move.json");
    this.#kept = readJson<KeptLocations>(this.#file) ?? { version: 1, at: {}, left: [] };
    this.#unfinished = readJson<UnfinishedMove | null>(this.#moveFile) ?? undefined;
  }

  /** Where the database of a service was moved to; undefined when it is where the app says. */
  of(service: string): ServerPlace | undefined {
    return this.#kept.at[service];
  }

  /** The databases that a service has left, or all services. */
  left(service?: string): readonly LeftDatabase[] {
    return this.#kept.left.filter((each) => service === undefined || each.service === service);
  }

  /** What a platform before us had begun, or we did. */
  get unfinished(): UnfinishedMove | undefined {
    return this.#unfinished;
  }

  /** Whether the move that is unfinished has happened. */
  get isCommitted(): boolean {
    const move = this.#unfinished;
    return move !== undefined && this.of(move.service)?.server === move.to.server;
  }

  /** Before anything is made for it, and when more has to be known to undo it. */
  async begin(move: UnfinishedMove): Promise<void> {
    await writeJson(this.#moveFile, move);
    this.#unfinished = move;
  }

  /** From the moment at which this resolves the database is there. */
  async commit({ aside, from, service, to }: UnfinishedMove, at: string): Promise<void> {
    const left = { service, ...from, database: aside, at };
    await this.#write({
      version: 1,
      at: { ...this.#kept.at, [service]: to },
      left: [...this.#kept.left, left],
    });
  }

  /** Nothing of the move is left to do or to undo. */
  async end(): Promise<void> {
    this.#unfinished = undefined;
    // Replaced and not removed, so that both are written alike.
    await writeJson(this.#moveFile, null);
  }

  /** A database that was left is no more. */
  async forget(dropped: LeftDatabase): Promise<void> {
    const left = this.#kept.left.filter(
      ({ database, server }) => database !== dropped.database || server !== dropped.server,
    );
    await this.#write({ ...this.#kept, left });
  }

  async #write(kept: KeptLocations): Promise<void> {
    await writeJson(this.#file, kept);
    this.#kept = kept;
  }
}
