import { join } from "node:path";
import { LocalRedisServer, RedisConnection, type RedisLogin } from "@kerf/data/redis";
import { existsSync } from "node:fs";
import { KerfError } from "@kerf/kernel";
import type { Home } from "../../state/home.ts";
import type { OpenedServer } from "../kept-server.ts";
import type { RedisPasswords } from "./redis-passwords.ts";
import { readRedis } from "./redis-setting.ts";

/** Runs Redis elsewhere than in a process of this machine. */
export interface RedisContainer {
  /** The image that it runs. */
  readonly image: string;
  /** Starts it, or adopts it. */
  open(adminPassword: string, signal: AbortSignal): Promise<OpenedServer<RedisLogin>>;
}

/** Where Redis comes from. */
export interface RedisSource {
  /** URL of one that somebody else runs, or a file that has it. */
  readonly setting?: string | undefined;
  readonly container?: RedisContainer | undefined;
}

/** How long a server may take to shut down that nobody waits for any more, milliseconds. */
const abandonedMs = 2_000;

/** Starts Redis, adopts it or reaches it, and says how the platform logs in. Throws why it cannot be had. */
export async function openRedisServer(
  { container, setting }: RedisSource,
  home: Home,
  passwords: RedisPasswords,
  signal: AbortSignal,
): Promise<OpenedServer<RedisLogin>> {
  if (setting !== undefined) {
    const login = await readRedis(setting);
    const connection = await RedisConnection.open(login);
    connection.hold();
    // While it is away its users may go: then they are made again.
    const running = {
      pid: 0,
      exited: connection.closed,
      stop: async () => connection.close(),
    };
    return { value: login, running };
  }
  const isProcess = existsSync(join(home.redis, "redis.conf"));
  const isContainer = existsSync(home.backingMade("redis"));
  // An empty server in the place of a full one would look like lost data.
  if (container !== undefined && isProcess)
    throw elsewhere("a process of this machine", "without --redis docker", home.redis);
  if (container === undefined && isContainer)
    throw elsewhere("a container", "with --redis docker", home.backing("redis"));
  if (container !== undefined) return container.open(passwords.admin, signal);
  const running = await LocalRedisServer.start({
    directory: home.redis,
    socketDirectory: home.redisSocket,
    adminPassword: passwords.admin,
    signal,
  });
  return { value: running.login, running };
}

/** The same, with what it is to be before it counts as there: `prepare`. Throws why it cannot be had. */
export async function openPreparedRedis(
  opened: Promise<OpenedServer<RedisLogin>>,
  how: {
    readonly isOwn: boolean;
    prepare(login: RedisLogin): Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<OpenedServer<RedisLogin>> {
  const server = await opened;
  try {
    await how.prepare(server.value);
    return server;
  } catch (thrown) {
    // One of ours is adopted by the next attempt, if there is one.
    if (!how.isOwn || how.signal.aborted) await server.running?.stop(abandonedMs);
    throw thrown;
  }
}

function elsewhere(where: string, how: string, folder: string): KerfError {
  return new KerfError("start_failed", {
    message: `The data of Redis belong to ${where}.`,
    why: "The platform was started with other options before.",
    fix: `Start it ${how}, as before. To begin with an empty one, move this folder away: ${folder}`,
  });
}
