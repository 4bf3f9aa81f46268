import { relative } from "node:path";
import type { Boot, DatabaseBoot, RedisBoot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { Home } from "../../state/home.ts";
import { mounted } from "./container.ts";

/** A boot document with the places as they are inside of a container. `ip`: the container's own, where it listens. Throws `invalid_configuration` for what no container can reach. */
export function bootInContainer(boot: Boot, home: Home, ip: string): Boot {
  const { builds = {}, databases, redis, telemetryStore } = boot;
  return {
    ...boot,
    address: `tcp:${ip}:0`,
    builds: Object.fromEntries(
      Object.keys(builds).map((name) => [name, `${mounted.builds}/${name}`]),
    ),
    databases: Object.fromEntries(
      Object.entries(databases).map(([name, database]) => [name, reachable(name, database, home)]),
    ),
    ...(redis === undefined
      ? undefined
      : {
          redis: Object.fromEntries(
            Object.entries(redis).map(([name, place]) => [name, redisFrom(name, place, home)]),
          ),
        }),
    platform: { ...boot.platform, address: `unix:${mounted.sockets}/platform.sock` },
    ...(telemetryStore === undefined
      ? undefined
      : { telemetryStore: `unix:${mounted.sockets}/otlp.sock` }),
    snapshotFile: mounted.snapshot,
  };
}

function reachable(service: string, database: DatabaseBoot, home: Home): DatabaseBoot {
  const { host } = database;
  if (host.startsWith("/")) {
    const inside = relative(home.postgresSockets, host);
    if (!inside.startsWith("..")) return { ...database, host: `${mounted.postgres}/${inside}` };
  } else if (!isLoopback(host)) return database;
  throw unreachable(`The database of ${service}`, host);
}

function redisFrom(service: string, place: RedisBoot, home: Home): RedisBoot {
  const { socket } = place;
  if (!("path" in socket)) {
    if (!isLoopback(socket.host)) return place;
    throw unreachable(`The Redis of ${service}`, socket.host);
  }
  const inside = relative(home.redisSocket, socket.path);
  if (inside.startsWith("..")) throw unreachable(`The Redis of ${service}`, socket.path);
  return { ...place, socket: { path: `${mounted.redis}/${inside}`, tls: false } };
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.|::1$)/.test(host);
}

function unreachable(what: string, host: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: `${what} is at ${host}, which no container reaches.`,
    why: "A container has a loopback and a file system of its own.",
    fix: "Name the server in its URL by an address that containers reach.",
  });
}
