import type { DatabaseMoveReport, RolloutStep } from "@kerf/control-api";
import {
  compareDatabaseSchemas,
  describeSchema,
  type DatabaseServer,
  type ProvisionedService,
  type ServiceNames,
  serviceNames,
  withConnection,
} from "@kerf/data";
import {
  closeToService,
  type CopyPass,
  DatabaseCopy,
  dropDatabase,
  openToService,
  pauseWrites,
  revokeWrites,
  setAside,
  writeRights,
} from "@kerf/data/move";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Databases } from "../databases.ts";
import type { Locations, UnfinishedMove } from "./locations.ts";

type Session = Parameters<Parameters<typeof withConnection>[2]>[0];

/** How long transactions that write are waited for, milliseconds. */
const quietBoundMs = 10_000;
/** Passes before the pause, at most: each copies what was written during the one before. */
const mostPasses = 4;
/** A pass that takes no longer than this needs none after it, milliseconds. */
const shortPassMs = 500;

/** What a move works with. */
export interface MoveParts {
  readonly clock: Clock;
  readonly databases: Databases;
  readonly locations: Locations;
  /** Says what is being done while `work` does it. */
  readonly step: (
    step: RolloutStep,
    detail: string | undefined,
    work: () => Promise<string | void>,
  ) => Promise<void>;
  /** Starts copies that will work with the new database; they wait for their boot documents. Resolves when everyone calls them. */
  readonly exchange: () => Promise<string[]>;
}

/** What is moved. */
export interface Moving {
  readonly move: UnfinishedMove;
  readonly from: DatabaseServer;
  readonly to: DatabaseServer;
  /** The longest time for which writes may wait, milliseconds. */
  readonly maxPauseMs: number;
  readonly notes: readonly string[];
}

/**
 * Moves a database: copied while it serves, then writes are held, what changed since is copied, both are proved equal, and one file says where it is from
 * then on. Whatever fails before leaves the old one serving.
 */
export class DatabaseMove {
  readonly #parts: MoveParts;
  readonly #moving: Moving;
  readonly #names: ServiceNames;
  #bytes = 0;
  #hasRevoked = false;

  constructor(parts: MoveParts, moving: Moving) {
    this.#parts = parts;
    this.#moving = moving;
    this.#names = serviceNames(moving.move.service);
  }

  async run(): Promise<DatabaseMoveReport> {
    const { clock, databases, locations, step } = this.#parts;
    const { from, move, notes, to } = this.#moving;
    const { service } = move;
    const begun = clock.now();
    const { database, owner } = this.#names;
    let there: ProvisionedService | undefined;
    await step("prepare", to.toString(), async () => {
      there = await databases.makeOn(to, service);
      // Copies of an earlier time, when the service lived there, may still try.
      await withConnection(to.admin(), "kerf/move", (admin) => closeToService(admin, this.#names));
    });
    const provisioned = there as ProvisionedService;
    const here = databases.connection(service, "owner");
    return withConnection(here, "kerf/move", (source) =>
      withConnection(to.admin(database), "kerf/move", async (target) => {
        const copy = await DatabaseCopy.begin(source, target, `"${owner}"`);
        await copy.assertCopyable();
        await step("copy", undefined, () => this.#copy(copy));
        await this.#assertSameSchema(source, target);
        const held = await this.#hold(copy, source, provisioned);
        // From here on it has happened: what fails is mended, not undone.
        await step("shift", undefined, async () => void (await held.exchanged));
        const pauseMs = Math.round(clock.now() - held.since);
        await step("leave", move.aside, async () => {
          await withConnection(from.admin(), "kerf/move", async (admin) => {
            await closeToService(admin, this.#names);
            await forgetLog(source);
          });
        });
        const sums = [...held.pass.sums].map(([name, sum]) => ({ name, ...sum }));
        return {
          id: move.id,
          service,
          from: move.from.server,
          to: move.to.server,
          ms: Math.round(clock.now() - begun),
          pauseMs,
          rows: sums.reduce((all, { rows }) => all + rows, 0),
          bytes: this.#bytes,
          tables: sums,
          instances: await held.exchanged,
          left: { server: move.from.server, database: move.aside },
          notes: [...notes],
        };
      }),
    ).then(async (report) => {
      await withConnection(from.admin(), "kerf/move", (admin) =>
        setAside(admin, this.#names, move.aside),
      );
      await locations.end();
      return report;
    });
  }

  /** Undoes what {@link run} did before it was committed. */
  async undo(): Promise<void> {
    await undoMove(this.#parts, this.#moving, this.#hasRevoked);
  }

  /** While it serves, until a pass is short. */
  async #copy(copy: DatabaseCopy): Promise<string> {
    const { clock } = this.#parts;
    const { maxPauseMs } = this.#moving;
    for (let passes = 1; ; passes++) {
      const begun = clock.now();
      const { bytes, sums } = await copy.pass();
      const ms = clock.now() - begun;
      this.#bytes += bytes;
      if (passes === 1) await copy.analyze();
      if (passes > 1 && (ms <= shortPassMs || passes === mostPasses)) {
        if (ms > maxPauseMs) throw tooLong(ms, maxPauseMs);
        return `${sums.size} tables, ${this.#bytes} bytes`;
      }
    }
  }

  async #assertSameSchema(source: Session, target: Session): Promise<void> {
    const changes = compareDatabaseSchemas(
      await describeSchema(source),
      await describeSchema(target),
    );
    if (changes.length === 0) return;
    throw new KerfError("conflict", {
      message: `The migrations make another schema than this database has: ${JSON.stringify(changes.slice(0, 3))}`,
      why: "Somebody changed the schema beside the migrations, or the new server knows another version of an extension.",
      fix: "Bring the database to what its migrations say, or the migrations to what it is.",
    });
  }

  /** Holds the writes, copies the rest, proves it, and commits. */
  async #hold(
    copy: DatabaseCopy,
    source: Session,
    there: ProvisionedService,
  ): Promise<{ since: number; pass: CopyPass; exchanged: Promise<string[]> }> {
    const { clock, databases, locations, step } = this.#parts;
    const { maxPauseMs } = this.#moving;
    const { service } = this.#moving.move;
    const release = databases.hold(service);
    // They load meanwhile what they consist of.
    const exchanged = this.#parts.exchange();
    exchanged.catch(() => {});
    let since = 0;
    let pass: CopyPass | undefined;
    const owner = databases.connection(service, "owner");
    try {
      this.#bytes += (await copy.pass()).bytes;
      await withConnection(owner, "kerf/move", async (closing) => {
        const rights = await writeRights(closing, this.#names);
        const move = { ...this.#moving.move, rights };
        await locations.begin(move);
        await step("prove", undefined, async () => {
          since = clock.now();
          await pauseWrites(source, quietBoundMs);
          pass = await bounded(clock, maxPauseMs, copy.finish());
          this.#hasRevoked = true;
          // Before the moment, so that whoever waits for the lock is refused should we die right after it.
          await revokeWrites(closing, this.#names);
          await withConnection(this.#moving.to.admin(), "kerf/move", (admin) =>
            openToService(admin, there.app.user),
          );
          await locations.commit(move, new Date(clock.wall()).toISOString());
          this.#bytes += pass.bytes;
          return `${pass.sums.size} tables, writes held`;
        });
      });
      databases.relocate(service, this.#moving.move.to, there);
    } finally {
      release();
    }
    return { since, pass: pass as CopyPass, exchanged };
  }
}

/** The old database serves again, and nothing is left of the new one. */
export async function undoMove(
  { databases, locations }: Pick<MoveParts, "databases" | "locations">,
  { from, move, to }: Pick<Moving, "from" | "move" | "to">,
  hasRevoked: boolean,
): Promise<void> {
  const { database } = serviceNames(move.service);
  const { rights } = locations.unfinished ?? move;
  if (hasRevoked && rights !== undefined && rights.length > 0)
    await withConnection(databases.ownerOn(from, move.service), "kerf/move", (client) =>
      client.query(rights.join(";\n")),
    );
  // Whoever holds writes, or writes there, may be in the middle of a statement.
  await withConnection(from.admin(), "kerf/move", (admin) =>
    admin.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'kerf/move' and pid <> pg_backend_pid()",
      [database],
    ),
  );
  // Roles that were there before own what the service has left there.
  const hasLivedThere = locations
    .left(move.service)
    .some(({ server }) => server === move.to.server);
  await withConnection(to.admin(), "kerf/move", (admin) =>
    dropDatabase(admin, database, hasLivedThere ? undefined : serviceNames(move.service)),
  );
  await locations.end();
}

/** The identity of an event log is to be in one database: nobody goes on reading the one that was left. */
async function forgetLog(source: Session): Promise<void> {
  await source.query("update kerf.event_log set identity = gen_random_uuid()");
  await source.query("commit");
}

async function bounded<T>(clock: Clock, boundMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(boundMs, () => late.reject(tooLong(boundMs, boundMs)));
  work.catch(() => {});
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    timer.cancel();
  }
}

function tooLong(ms: number, maxPauseMs: number): KerfError {
  return new KerfError("conflict", {
    message: `Writes would have to wait for ${Math.ceil(ms / 1_000)} s or longer, and ${maxPauseMs / 1_000} s is the most.`,
    why: "What is written most of the time has to be copied while nobody writes, and everything is read once on both servers to prove it equal.",
    fix: "Move it at a quiet hour, or allow a longer pause: --max-pause SECONDS",
  });
}
