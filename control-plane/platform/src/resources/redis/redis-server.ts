import type { RedisLogin } from "@kerf/data/redis";
import { type Clock, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../../state/home.ts";
import { KeptServer } from "../kept-server.ts";
import type { RedisPasswords } from "./redis-passwords.ts";
import { openPreparedRedis, openRedisServer, type RedisSource } from "./redis-source.ts";

/** What the server tells of itself. */
export interface RedisServerOptions {
  readonly source: RedisSource;
  readonly home: Home;
  readonly passwords: RedisPasswords;
  readonly clock: Clock;
  readonly log: Logger;
  /** It answers, for the first time or again; it counts as ready when this has come to its end. */
  prepare(login: RedisLogin): Promise<void>;
  /** It entered another state. */
  moved(server: RedisServer): void;
  problem(error: KerfError, source: string): void;
}

/** The Redis of an app: a process or a container that we keep running, or somebody else's, which is reached again when it comes back. */
export class RedisServer extends KeptServer<RedisLogin> {
  /** Whether we run it. */
  readonly own: boolean;
  /** The image that it runs, where it is a container. */
  readonly image: string | undefined;
  #where = "";

  constructor(options: RedisServerOptions) {
    const { clock, home, log, passwords, source } = options;
    const own = source.setting === undefined;
    super({
      source: "redis",
      clock,
      log,
      open: async (signal) => {
        await passwords.ensure([]);
        return openPreparedRedis(openRedisServer(source, home, passwords, signal), {
          isOwn: own,
          prepare: (login) => options.prepare(login),
          signal,
        });
      },
      started: async (login) => {
        this.#where = whereOf(login);
      },
      moved: () => options.moved(this),
      problem: (error, of) => options.problem(error, of),
      ended: ({ pid }) =>
        own
          ? new KerfError("start_failed", {
              message: `Redis (process ${pid}) ended while it ran.`,
              why: "Somebody ended it, or it ran out of memory or disk.",
              fix: "It is started again by itself. Its log: kerf logs redis",
            })
          : new KerfError("unavailable", {
              message: "Redis has closed the platform's connection.",
              fix: "It is reached again by itself.",
            }),
    });
    this.own = own;
    this.image = source.container?.image;
  }

  /** Where it answers, for people; empty until it has. */
  get where(): string {
    return this.#where;
  }
}

function whereOf({ socket }: RedisLogin): string {
  if ("path" in socket) return `redis+unix://${socket.path}`;
  return `${socket.tls ? "rediss" : "redis"}://${socket.host}:${socket.port}`;
}
