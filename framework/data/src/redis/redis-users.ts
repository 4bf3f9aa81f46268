import { KerfError, toKerfError } from "@kerf/kernel";
import { passwordHash } from "./configuration.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { keyPrefixOf } from "./redis-url.ts";

/** The oldest version whose rights go as far as single subcommands. */
const leastMajor = 7;

/** Who a service is to a server. */
export interface RedisUser {
  /** The service's name; it is the user's too. */
  readonly service: string;
  /** Those that hold: two while one is exchanged. */
  readonly passwords: readonly string[];
}

/**
 * What a service may do: everything with keys and channels that begin with its name. Not what changes the server or others' work, nor what
 * tells it the names of keys and channels of others, which rights to keys do not cover.
 */
const rights = [
  "+@all",
  "-@admin",
  "-@dangerous",
  // Numbers of the server only; clients ask for its version by it.
  "+info",
  "-scan",
  "-randomkey",
  "-pubsub",
  "-client|tracking",
  // Functions and scripts belong to the whole server.
  "-function",
  "-script|flush",
  "-script|kill",
];

/**
 * Makes the users of services, or brings them to what they are to be, and has the server keep them where it has a file for that. Throws `forbidden`
 * when we may not.
 */
export async function setRedisUsers(
  connection: RedisConnection,
  users: readonly RedisUser[],
): Promise<void> {
  for (const { passwords, service } of users) {
    assertUserName(service);
    const pattern = `${keyPrefixOf(service)}*`;
    const hashes = passwords.map((password) => `#${passwordHash(password)}`);
    const rules = ["reset", "resetchannels", "on", `~${pattern}`, `&${pattern}`];
    try {
      await connection.command("ACL", "SETUSER", service, ...rules, ...hashes, ...rights);
    } catch (thrown) {
      throw notAllowed(thrown);
    }
  }
  try {
    await connection.command("ACL", "SAVE");
  } catch (thrown) {
    // A server of somebody else's that keeps no users: they are made again whenever it comes back.
    if (!/ACL file/i.test(toKerfError(thrown).why ?? "")) throw thrown;
  }
}

/** The version of a server; Valkey says which of Redis it is like. */
export async function redisVersion(connection: RedisConnection): Promise<string> {
  const info = String(await connection.command("INFO", "server"));
  return /^redis_version:(\S+)/m.exec(info)?.[1] ?? "0";
}

/** Throws `invalid_configuration` for a server whose users cannot be held apart. */
export async function assertRedisVersion(connection: RedisConnection): Promise<void> {
  const version = await redisVersion(connection);
  if (Number.parseInt(version, 10) >= leastMajor) return;
  throw new KerfError("invalid_configuration", {
    message: `Redis ${version} cannot be used.`,
    why: "Its rights do not hold services apart.",
    fix: `Use Redis ${leastMajor} or newer, or Valkey.`,
  });
}

/** Managed servers have other ways to make users, and refuse this one by rights or as a command that they do not know. */
function notAllowed(thrown: unknown): unknown {
  const error = toKerfError(thrown);
  const why = error.why ?? "";
  if (error.code !== "forbidden" && !/^ERR unknown (?:sub)?command/i.test(why)) return thrown;
  return new KerfError("forbidden", {
    message: "Redis does not let us make users.",
    why,
    fix: "Give the URL of a user that may (+acl).",
    cause: error,
  });
}

function assertUserName(service: string): void {
  if (service !== "default") return;
  throw new KerfError("invalid_configuration", {
    message: 'A service that keeps something in Redis cannot be called "default".',
    why: "Redis has a user of that name, which is its administrator.",
    fix: "Give the service another name.",
  });
}
