import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseMoveReport } from "@kerf/control-api";
import { DatabaseServer, serviceNames, withConnection } from "@kerf/data";
import { dropDatabase, setAside } from "@kerf/data/move";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import type { Home } from "../../state/home.ts";
import { writeWhole } from "../../state/json-file.ts";
import type { Rollouts } from "../../rollouts/rollouts.ts";
import type { Databases } from "../databases.ts";
import { readSecretUrl } from "../secret-file.ts";
import { assertFit } from "./assert-fit.ts";
import { DatabaseMove, undoMove } from "./database-move.ts";
import type { LeftDatabase, Locations, ServerPlace, UnfinishedMove } from "./locations.ts";

/** Where a database is to go: a server of the platform's own, or one by URL, which is given or lies in a file. */
export type Destination =
  | { readonly embedded: string }
  | { readonly urlFile: string }
  | { readonly url: string };

/** What moves of databases work on. */
export interface DatabaseMovesOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly databases: Databases;
  readonly locations: Locations;
  readonly rollouts: Pick<Rollouts, "alone">;
  readonly manifest: () => AppManifest;
  readonly unitOf: (service: string) => string | undefined;
  /** Exchanges the copies of a unit; resolves when everyone calls the new ones. */
  readonly exchange: (unit: string) => Promise<string[]>;
  readonly problem: (error: KerfError, source: string) => void;
}

/** Moves databases of services to other servers, finishes or undoes what was left in the middle, and drops what they have left. */
export class DatabaseMoves {
  readonly #options: DatabaseMovesOptions;

  constructor(options: DatabaseMovesOptions) {
    this.#options = options;
  }

  /** Where URLs are kept that were given. */
  get #urls(): string {
    return join(this.#options.home.keys, "servers");
  }

  /** Moves one. Rejects when nothing was changed, or saying that it has happened and what is left to do. */
  move(
    service: string,
    destination: Destination,
    asked: { readonly id: string; readonly by: string; readonly maxPauseMs: number },
  ): Promise<DatabaseMoveReport> {
    const { clock, databases, exchange, locations, rollouts, unitOf } = this.#options;
    const { by, id, maxPauseMs } = asked;
    const unit = unitOf(service);
    const change = {
      kind: "move" as const,
      title: `the database of ${service}`,
      units: unit === undefined ? {} : { [unit]: undefined },
      moves: [],
    };
    return rollouts
      .alone(change, { id, by }, async (step) => {
        await this.#clear();
        const { place, server: from } = databases.movable(service);
        const to = await this.#place(service, destination, place);
        const move: UnfinishedMove = {
          version: 1,
          id,
          by,
          service,
          from: place,
          to,
          aside: `${serviceNames(service).database}_left_${new Date(clock.wall()).toISOString().replaceAll(/\D/g, "").slice(0, 14)}`,
        };
        let isOpen = false;
        try {
          const there = await databases.open(to);
          isOpen = true;
          const notes = await assertFit({
            from,
            to: there,
            names: serviceNames(service),
            hasLivedThere: locations.left(service).some(({ server }) => server === to.server),
            directory: to.urlFile === undefined ? this.#options.home.root : undefined,
          });
          await locations.begin(move);
          const work = new DatabaseMove(
            {
              clock,
              databases,
              locations,
              step,
              exchange: async () => (unit === undefined ? [] : exchange(unit)),
            },
            { move, from, to: there, maxPauseMs, notes },
          );
          return await this.#orUndo(work, move, () => work.run());
        } catch (thrown) {
          if (!locations.isCommitted && isOpen) await databases.close(to.server);
          if (!locations.isCommitted && "url" in destination && to.urlFile !== undefined)
            await rm(to.urlFile, { force: true });
          throw thrown;
        }
      })
      .then(async (report) => {
        // Nobody may live there any more.
        await databases.close(report.from);
        return report;
      });
  }

  /** What a platform before us left in the middle: what happened is finished, of what did not nothing stays. Never rejects. */
  async recover(): Promise<void> {
    const { locations, problem } = this.#options;
    const move = locations.unfinished;
    if (move === undefined) return;
    try {
      await this.#clear();
    } catch (thrown) {
      problem(toKerfError(thrown), move.service);
    }
  }

  /** Drops the databases that a service has left. */
  async dropLeft(service: string): Promise<LeftDatabase[]> {
    const { databases, locations } = this.#options;
    const left = [...locations.left(service)];
    if (locations.unfinished !== undefined) {
      throw new KerfError("conflict", {
        message: `The database of ${locations.unfinished.service} is being moved.`,
        fix: "Do it when that has come to its end.",
      });
    }
    for (const each of left) {
      const isLast =
        databases.movable(service).place.server !== each.server &&
        locations.left(service).filter(({ server }) => server === each.server).length === 1;
      await this.#reached(each, (server) =>
        withConnection(server.admin(), "kerf/move", (admin) =>
          dropDatabase(admin, each.database, isLast ? serviceNames(service) : undefined),
        ),
      );
      await locations.forget(each);
      // The URL of a server that nothing of ours is on any more.
      if (isLast && each.urlFile?.startsWith(this.#urls) === true)
        await rm(each.urlFile, { force: true });
    }
    return left;
  }

  async #orUndo<T>(work: DatabaseMove, move: UnfinishedMove, run: () => Promise<T>): Promise<T> {
    const { locations, problem } = this.#options;
    try {
      return await run();
    } catch (thrown) {
      const error = toKerfError(thrown);
      if (locations.isCommitted) {
        throw new KerfError("move_unfinished", {
          message: `The database of ${move.service} is on ${move.to.server} now, and what is left to do failed: ${error.message}`,
          why: error.why,
          fix: "The next start of the platform does it, and so does kerf db move, whatever it moves.",
          cause: thrown,
        });
      }
      // What cannot be undone now is undone before the next move, or at the next start.
      await work.undo().catch((failure: unknown) => problem(toKerfError(failure), move.service));
      throw new KerfError(error.code, {
        message: `The database of ${move.service} was not moved: ${error.message}`,
        why: error.why,
        fix: error.fix ?? "The old one serves on.",
        cause: thrown,
      });
    }
  }

  /** Removes what a move left that did not happen; finishes one that did. */
  async #clear(): Promise<void> {
    const { databases, locations } = this.#options;
    const move = locations.unfinished;
    if (move === undefined) return;
    if (locations.isCommitted) return this.#finish(move);
    const { server: from } = databases.movable(move.service);
    try {
      await this.#reached(move.to, (to) =>
        undoMove({ databases, locations }, { from, move, to }, true),
      );
    } catch (thrown) {
      const { code, message } = toKerfError(thrown);
      throw new KerfError(code, {
        message: `What an earlier move of ${move.service} left on ${move.to.server} cannot be removed: ${message}`,
        fix: "Bring that server back. When it is gone for good, remove state/database-move.json and start the platform again.",
        cause: thrown,
      });
    }
  }

  /** Copies that a platform before us started may know of the old database only. */
  async #finish(move: UnfinishedMove): Promise<void> {
    const { exchange, unitOf } = this.#options;
    const unit = unitOf(move.service);
    if (unit !== undefined) await exchange(unit);
    await this.#reached(move.from, (server) =>
      withConnection(server.admin(), "kerf/move", (admin) =>
        setAside(admin, serviceNames(move.service), move.aside),
      ),
    );
    await this.#options.locations.end();
  }

  /** Works with a server that may not run for anybody. */
  async #reached<T>(place: ServerPlace, work: (server: DatabaseServer) => Promise<T>): Promise<T> {
    const { databases } = this.#options;
    const server = await databases.open(place);
    try {
      return await work(server);
    } finally {
      await databases.close(place.server);
    }
  }

  /** Where a server is that is asked for. A URL that was given is kept where only we can read it. */
  async #place(service: string, destination: Destination, now: ServerPlace): Promise<ServerPlace> {
    const { locations, manifest } = this.#options;
    if ("embedded" in destination) {
      const { embedded: server } = destination;
      const byUrl = manifest().servers[server]?.urlFile !== undefined;
      if (!/^[a-z][a-z0-9-]{0,19}$/.test(server) || byUrl || server === now.server) {
        throw new KerfError("invalid_input", {
          message: `embedded:${server} is no place to move the database of ${service} to.`,
          why:
            server === now.server
              ? "It is there already."
              : byUrl
                ? "The app has a server by that name that the platform does not run."
                : "A name has lower-case letters, digits and hyphens, begins with a letter, and has at most 20 characters.",
          fix: "Give another name.",
        });
      }
      return { server };
    }
    const used = new Set([
      now.server,
      ...Object.keys(manifest().servers),
      ...locations.left().map(({ server }) => server),
    ]);
    let number = 1;
    while (used.has(`${service}-${number}`)) number++;
    const server = `${service}-${number}`;
    const url =
      "url" in destination
        ? destination.url
        : await readSecretUrl(destination.urlFile, "a database server");
    // What is no URL is kept nowhere.
    DatabaseServer.fromUrl(url, { name: server });
    if ("urlFile" in destination) return { server, urlFile: destination.urlFile };
    await mkdir(this.#urls, { recursive: true, mode: 0o700 });
    const urlFile = join(this.#urls, server);
    await writeWhole(urlFile, `${url.trim()}\n`);
    return { server, urlFile };
  }
}
