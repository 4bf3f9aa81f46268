import type { RedisBoot } from "@kerf/call";
import {
  assertRedisVersion,
  keyPrefixOf,
  RedisConnection,
  type RedisLogin,
  setRedisUsers,
} from "@kerf/data/redis";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../../state/home.ts";
import { RedisPasswords } from "./redis-passwords.ts";
import { RedisServer } from "./redis-server.ts";
import type { RedisSource } from "./redis-source.ts";

/** How long a server that no service needs any more may take to shut down, milliseconds. */
const stopBoundMs = 8_000;

/** What Redis tells of itself. */
export interface RedisOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: RedisSource;
  /** The server entered another state. */
  moved(server: RedisServer): void;
  /** A service can work with it now, or cannot. */
  changed(service: string): void;
  problem(error: KerfError, source: string): void;
}

/** Where one service stands. */
interface ServiceRedis {
  isReady: boolean;
  problem?: KerfError | undefined;
  /** Resolves when its user was tried to be made for the first time, well or not. */
  readonly attempted: PromiseWithResolvers<void>;
}

/** The Redis of an app: it runs, and each service that keeps something there has a user of its own. Nothing is started where none does. */
export class Redis {
  readonly #options: RedisOptions;
  readonly #passwords: RedisPasswords;
  readonly #services = new Map<string, ServiceRedis>();
  readonly #rotating = new Set<string>();
  #server: RedisServer | undefined;
  #login: RedisLogin | undefined;
  /** Services share the user that we were given: the server lets us make none. */
  #isShared = false;
  #note: KerfError | undefined;

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#passwords = new RedisPasswords(options.home);
  }

  /** Undefined where no service needs one. */
  get server(): RedisServer | undefined {
    return this.#server;
  }

  /** Why services are not held apart; undefined where they are. */
  get note(): string | undefined {
    return this.#note && `${this.#note.message} ${this.#note.why ?? ""}`.trim();
  }

  /** The services that keep something there. */
  get services(): string[] {
    return [...this.#services.keys()];
  }

  /** Its log, where we run it. */
  get logFile(): string | undefined {
    return this.#server?.own === true ? this.#options.home.redisLog : undefined;
  }

  /** From now on these services keep something there. Resolves when each has been attempted; what failed shows in {@link problemOf}. */
  async prepare(services: readonly string[]): Promise<void> {
    for (const [name, { attempted }] of this.#services) {
      if (services.includes(name)) continue;
      this.#services.delete(name);
      attempted.resolve();
    }
    const added = services.filter((name) => !this.#services.has(name));
    for (const name of added)
      this.#services.set(name, { isReady: false, attempted: Promise.withResolvers() });
    if (services.length === 0) {
      const server = this.#server;
      this.#server = undefined;
      this.#login = undefined;
      // Nothing waits for its end.
      void server?.stop(stopBoundMs);
      return;
    }
    // It reports what fails itself.
    if (this.#server === undefined) void this.#make().start();
    else if (added.length > 0) await this.#add(this.#server, added);
    await Promise.all([...this.#services.values()].map(({ attempted }) => attempted.promise));
  }

  /** A service keeps something there, whether that was known or a change brings it. Resolves when its user has been attempted. */
  async ensure(service: string): Promise<void> {
    if (!this.#services.has(service)) await this.prepare([...this.services, service]);
    await this.#services.get(service)?.attempted.promise;
  }

  /** Why a service cannot work with it. */
  problemOf(service: string): KerfError | undefined {
    return this.#services.get(service)?.problem;
  }

  /** How a service reaches it; undefined where it keeps nothing there. */
  boot(service: string): RedisBoot | undefined {
    if (this.#services.get(service)?.isReady !== true || this.#login === undefined)
      return undefined;
    const { password = "", socket, username } = this.#login;
    const keyPrefix = keyPrefixOf(service);
    if (this.#isShared) return { socket, username, password, keyPrefix };
    const [own] = this.#passwords.of(service);
    return { socket, username: service, password: own, keyPrefix };
  }

  /**
   * Exchanges the password of a service's user: first the new one holds beside the old one, `exchange` makes every instance use it, then the
   * old one is refused, which is tried. Answers how.
   */
  async rotate(service: string, exchange: () => Promise<unknown>): Promise<string> {
    const login = this.#login;
    if (login === undefined || this.boot(service) === undefined)
      throw this.problemOf(service) ?? new KerfError("not_ready", "Redis is not ready yet.");
    if (this.#isShared) throw nothingToRotate(service);
    if (this.#rotating.has(service)) {
      throw new KerfError("conflict", {
        message: `The passwords of ${service} are being exchanged already.`,
        fix: "Wait for its end: kerf audit says when.",
      });
    }
    this.#rotating.add(service);
    try {
      const old = await this.#passwords.begin(service);
      await this.#makeUsers(login);
      await exchange();
      await this.#passwords.finish(service);
      await this.#makeUsers(login);
      return await refused({ ...login, username: service, password: old });
    } finally {
      this.#rotating.delete(service);
    }
  }

  async stop(boundMs: number): Promise<void> {
    await this.#server?.stop(boundMs);
  }

  /** Makes the users of services that have come since the server was started. */
  async #add(server: RedisServer, added: readonly string[]): Promise<void> {
    try {
      if (this.#login !== undefined) await this.#makeUsers(this.#login);
      // It has said why already, and says nothing new until it is there.
      else if (server.lastError !== undefined)
        this.#settleUnready(KerfError.fromShape(server.lastError));
    } catch (thrown) {
      this.#options.log.warn(`no users of Redis could be made for ${added.join(", ")}`, {
        error: thrown,
      });
    }
  }

  #make(): RedisServer {
    const { clock, home, log, source } = this.#options;
    return (this.#server = new RedisServer({
      source,
      home,
      passwords: this.#passwords,
      clock,
      log,
      prepare: async (login) => {
        await this.#makeUsers(login);
      },
      moved: (server) => this.#options.moved(server),
      problem: (error, of) => {
        this.#settleUnready(error);
        this.#options.problem(error, of);
      },
    }));
  }

  /** Brings the users to what they are to be. Throws what keeps it from that, once every service has been told. */
  async #makeUsers(login: RedisLogin): Promise<void> {
    const services = [...this.#services];
    let problem: KerfError | undefined;
    try {
      await this.#passwords.ensure(services.map(([name]) => name));
      const connection = await RedisConnection.open(login);
      try {
        await assertRedisVersion(connection);
        const users = services.map(([service]) => ({
          service,
          passwords: this.#passwords.of(service),
        }));
        await setRedisUsers(connection, users);
        this.#isShared = false;
        this.#say(login.password === undefined ? openToAll() : undefined);
      } finally {
        connection.close();
      }
    } catch (thrown) {
      problem = toKerfError(thrown);
      if (problem.code === "forbidden" && login.password !== undefined) {
        this.#isShared = true;
        this.#say(sharedByAll(problem));
        problem = undefined;
      }
    }
    if (problem === undefined) this.#login = login;
    for (const [name, service] of services) {
      if (problem !== undefined && service.isReady) continue;
      service.isReady = problem === undefined;
      this.#settle(name, service, problem);
    }
    if (problem !== undefined) throw problem;
    // What came meanwhile has waited for this.
    const isMissed = [...this.#services.values()].some(
      (service) => services.every(([, each]) => each !== service) && !service.isReady,
    );
    if (isMissed) await this.#makeUsers(login);
  }

  /** Says what keeps the server from holding services apart, once. */
  #say(note: KerfError | undefined): void {
    const isKnown = this.#note?.message === note?.message;
    this.#note = note;
    if (note === undefined || isKnown) return;
    this.#options.log.warn(note.message, { why: note.why });
    this.#options.problem(note, "redis");
  }

  /** Who had it before is well again as soon as it is. */
  #settleUnready(error: KerfError): void {
    for (const [name, service] of this.#services)
      if (!service.isReady) this.#settle(name, service, error);
  }

  #settle(name: string, service: ServiceRedis, problem: KerfError | undefined): void {
    service.problem = problem;
    service.attempted.resolve();
    this.#options.changed(name);
  }
}

function sharedByAll({ message, why = message }: KerfError): KerfError {
  return new KerfError("forbidden", {
    message: "All services share one user of Redis.",
    why: `The server lets us make none (${why}), so that nothing but their key prefixes holds them apart.`,
    fix: "Give the URL of a user that may make others (+acl), or leave it so with one service or with services of one team.",
  });
}

function openToAll(): KerfError {
  return new KerfError("forbidden", {
    message: "Redis takes whoever comes without a password.",
    why: "Its URL has none: services have users of their own, and nothing keeps anyone from doing without.",
    fix: "Give its user default a password, and the platform a file with the URL that has it: --redis FILE",
  });
}

async function refused(login: RedisLogin): Promise<string> {
  try {
    const connection = await RedisConnection.open(login);
    connection.close();
  } catch (thrown) {
    const error = toKerfError(thrown);
    if (error.code === "forbidden") return error.why ?? error.message;
    throw error;
  }
  throw new KerfError("internal", {
    message: `Redis still takes the old password of ${login.username}.`,
    fix: "Try it again: kerf db rotate",
  });
}

function nothingToRotate(service: string): KerfError {
  return new KerfError("conflict", {
    message: `The password of ${service} in Redis is none of ours.`,
    why: "All services share the user of the URL that the platform was given.",
    fix: "Change it where it was made, in the file of the URL, and restart the platform.",
  });
}
