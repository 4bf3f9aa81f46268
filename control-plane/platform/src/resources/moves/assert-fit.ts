import { statfs } from "node:fs/promises";
import { type DatabaseServer, type ServiceNames, withConnection } from "@kerf/data";
import { KerfError } from "@kerf/kernel";

/** What is looked at of a server before a database comes to it. */
interface ServerFacts {
  readonly version: number;
  readonly encoding: string;
  readonly sorting: string;
  /** To the microsecond: servers that were made of one spare cluster have the same system identifier. */
  readonly started: string;
  readonly bytes: number;
  readonly taken: string[];
}

/** What is asked of the new server. */
export interface FitQuestion {
  readonly from: DatabaseServer;
  readonly to: DatabaseServer;
  readonly names: ServiceNames;
  /** The roles are ours from an earlier time: the service has lived there. */
  readonly hasLivedThere: boolean;
  /** Where the new server writes, when that is on this machine. */
  readonly directory: string | undefined;
}

/** Free room that is asked for, as a multiple of the database. */
const roomFactor = 2;

/**
 * Throws `invalid_input` when a database cannot go from one server to another: an older version, another encoding, names that are taken, no room, or the
 * same server. Answers what is worth knowing all the same.
 */
export async function assertFit(question: FitQuestion): Promise<string[]> {
  const { directory, from, hasLivedThere, names, to } = question;
  const [here, there] = await Promise.all([facts(from, names), facts(to, names, "postgres")]);
  const major = (version: number): number => Math.floor(version / 10_000);
  if (here.started === there.started)
    throw unfit("It is the server that the database is on already.", "Name another one.");
  if (major(there.version) < major(here.version))
    throw unfit(
      `It is PostgreSQL ${major(there.version)}, and the database is on ${major(here.version)}.`,
      "Give a server of the same version, or of a newer one.",
    );
  if (here.encoding !== there.encoding)
    throw unfit(
      `Its databases are made in ${there.encoding}, and this one is in ${here.encoding}.`,
      `Give a server whose template0 is in ${here.encoding}.`,
    );
  const taken = there.taken.filter((what) => what.startsWith("a database") || !hasLivedThere);
  if (taken.length > 0)
    throw unfit(
      `It has ${taken.join(", ")} already, and we did not make that.`,
      "Look what it is. Drop it when nobody needs it, or give another server.",
    );
  if (directory !== undefined) {
    const { bavail, bsize } = await statfs(directory);
    if (bavail * bsize < roomFactor * here.bytes)
      throw unfit(
        `${directory} has ${megabytes(bavail * bsize)} free, and the database has ${megabytes(here.bytes)}.`,
        `Make room for ${roomFactor} times the database.`,
      );
  }
  return here.sorting === there.sorting
    ? []
    : [`text is sorted by ${there.sorting} there, and by ${here.sorting} here`];
}

async function facts(
  server: DatabaseServer,
  { app, database, owner, second }: ServiceNames,
  connectTo: string = database,
): Promise<ServerFacts> {
  const admin = connectTo === database ? server.admin(database) : server.admin();
  return withConnection(admin, "kerf/move", async (client) => {
    const { rows } = await client.query<ServerFacts>(
      `select current_setting('server_version_num')::int as version, pg_encoding_to_char(encoding) as encoding,
         concat_ws(' ', datcollate, datlocale) as sorting,
         extract(epoch from pg_postmaster_start_time())::text as started,
         pg_database_size(oid)::float8 as bytes,
         array(select 'a database ' || datname from pg_database where datname = $1
           union all select 'a role ' || rolname from pg_roles where rolname = any($2)) as taken
       from pg_database where datname = current_database()`,
      [database, [owner, app, second]],
    );
    return rows[0] as ServerFacts;
  });
}

function unfit(why: string, fix: string): KerfError {
  return new KerfError("invalid_input", {
    message: "The database cannot go to that server.",
    why,
    fix,
  });
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)} MB`;
}
