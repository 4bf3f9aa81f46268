import { relative } from "node:path";
import type { Boot, DatabaseBoot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { Home } from "../../state/home.ts";
import { mounted } from "./container.ts";

/** A boot document with the places as they are inside of a container. `ip`: the container's own, where it listens. Throws `invalid_configuration` for what no container can reach. */
export function bootInContainer(boot: Boot, home: Home, ip: string): Boot {
  const { builds = {}, databases, telemetryStore } = boot;
  return {
    ...boot,
    address: `tcp:${ip}:0`,
    builds: Object.fromEntries(
      Object.keys(builds).map((name) => [name, `${mounted.builds}/${name}`]),
    ),
    databases: Object.fromEntries(
      Object.entries(databases).map(([name, database]) => [name, reachable(name, database, home)]),
    ),
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
  } else if (!/^(?:localhost|127\.|::1$)/.test(host)) return database;
  throw new KerfError("invalid_configuration", {
    message: `The database of ${service} is at ${host}, which no container reaches.`,
    why: "A container has a loopback and a file system of its own.",
    fix: "Name the server in its URL by an address that containers reach.",
  });
}
