import type { Backings } from "../runtimes/docker/backing/backings.ts";
import { BrokerServer } from "./broker-server.ts";
import { Databases, type DatabasesOptions } from "./databases.ts";
import type { KeptServer } from "./kept-server.ts";
import { Locations } from "./moves/locations.ts";
import { Redis } from "./redis/redis.ts";

/** What services stand on is put together from. */
export interface ResourcesOptions extends Omit<
  DatabasesOptions,
  "containers" | "locations" | "moved"
> {
  /** Where servers that we run are containers. */
  readonly backings: Backings | undefined;
  /** URL of the Redis that somebody else runs, or a file that has it. */
  readonly redis: string | undefined;
  /** A server entered another state. `unit`: as what it is shown. */
  moved(unit: string, name: string, server: Pick<KeptServer<unknown>, "pid" | "state">): void;
}

/** Puts together what services keep their data in and what carries their events. Starts nothing. */
export function assembleResources(options: ResourcesOptions) {
  const { backings, clock, home, log } = options;
  const locations = new Locations(home);
  const databases = new Databases({
    ...options,
    locations,
    containers: backings?.postgres,
    moved: (server) => options.moved(`postgres:${server.name}`, server.name, server),
  });
  const container = backings?.broker;
  const brokerServer =
    container &&
    new BrokerServer({
      container,
      clock,
      log,
      logFile: home.log("broker"),
      moved: (server) => options.moved("broker", "broker", server),
      problem: (error, source) => options.problem(error, source),
    });
  const redis = new Redis({
    home,
    clock,
    log,
    source: { setting: options.redis, container: backings?.redis },
    moved: (server) => options.moved("redis", "redis", server),
    changed: (service) => options.changed(service),
    problem: (error, source) => options.problem(error, source),
  });
  return { locations, databases, brokerServer, redis };
}
