import type { DatabaseBoot } from "@kerf/call";
import type { ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError } from "@kerf/kernel";
import type { TracingParts } from "@kerf/telemetry";
import type { AnyService } from "../declaration/service.ts";

/** Bound of warming up, milliseconds. */
const warmUpMs = 5_000;
/** Bound of a rehearsal, milliseconds: somebody waits for the start. */
const rehearsalMs = 1_000;

/** The databases of the services in one process, by the service's name. */
export type ServiceDatabases = Readonly<Record<string, ServiceDatabase<any>>>;

/** Opens the pools of the services that declare a database; the driver is loaded only when there is one. Connects to nothing yet. */
export async function openDatabases(
  services: readonly AnyService[],
  boots: Readonly<Record<string, DatabaseBoot>>,
  options: { instance: string; clock: Clock; tracing?: TracingParts | undefined },
): Promise<ServiceDatabases> {
  const wanting = services.filter((service) => service.database !== undefined);
  const missing = wanting
    .filter((service) => boots[service.name] === undefined)
    .map((service) => service.name);
  if (missing.length > 0) {
    throw new KerfError("invalid_configuration", {
      message: `This program was told of no database for ${missing.join(", ")}.`,
      why: "They declare one, and whoever starts the program provisions it and says how to reach it.",
      fix: "Restart the platform, so that it describes the app anew: kerf dev",
    });
  }
  if (wanting.length === 0) return {};
  const { ServiceDatabase } = await import("@kerf/data");
  return Object.fromEntries(
    wanting.map(({ name, database }) => {
      const { connections, tls, ...place } = boots[name] as DatabaseBoot;
      const connection = tls === undefined ? place : { ...place, tls };
      const least = Math.min(connections, database?.connections ?? connections);
      return [
        name,
        new ServiceDatabase({
          connection,
          service: name,
          instance: options.instance,
          connections: least,
          clock: options.clock,
          tracing: options.tracing,
        }),
      ];
    }),
  );
}

/** Reads a URL of PostgreSQL as the place of a database. Throws `invalid_configuration`, never with the URL. */
export async function databaseOfUrl(url: string): Promise<Omit<DatabaseBoot, "connections">> {
  const { DatabaseServer } = await import("@kerf/data");
  return DatabaseServer.fromUrl(url).admin();
}

/** Makes the first statements quick. Never rejects: calls to a database that is away say so themselves. */
export async function warmUp(databases: ServiceDatabases, clock: Clock): Promise<void> {
  const deadline = clock.now() + warmUpMs;
  await Promise.allSettled(Object.values(databases).map((database) => database.warm(deadline)));
}

/** Makes the first calls quick where many come at once, and takes no longer than its bound. Never rejects. */
export async function rehearse(databases: ServiceDatabases, clock: Clock): Promise<void> {
  const deadline = clock.now() + rehearsalMs;
  const rehearsed = Promise.allSettled(
    Object.values(databases).map((database) => database.rehearse(deadline)),
  );
  const over = Promise.withResolvers<void>();
  const timer = clock.after(rehearsalMs, () => over.resolve());
  await Promise.race([rehearsed, over.promise]);
  timer.cancel();
}

/** Closes all pools; never rejects, since a pool that cannot close ends with the process. */
export async function closeDatabases(databases: ServiceDatabases): Promise<void> {
  await Promise.allSettled(Object.values(databases).map((database) => database.close()));
}
