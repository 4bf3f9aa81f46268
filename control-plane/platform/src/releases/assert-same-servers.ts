import { KerfError } from "@kerf/kernel";
import type { AppManifest, ManifestService } from "@kerf/service";

type Servers = AppManifest["servers"];

/** What of a service says where its database is. */
interface Keeping {
  readonly name: string;
  readonly database?: Pick<NonNullable<ManifestService["database"]>, "server"> | undefined;
}

/**
 * Throws `invalid_input` when a service that has a database would look for it on another server than the one that it lies on: it would find an empty one there.
 * `after`: the services with new code, and the servers as they are to be.
 */
export function assertSameServers(
  running: { readonly services: readonly Keeping[]; readonly servers: Servers },
  after: { readonly services: readonly Keeping[]; readonly servers: Servers },
): void {
  for (const { database, name } of running.services) {
    if (database === undefined) continue;
    const next = after.services.find((service) => service.name === name)?.database ?? database;
    const [was, is] = [
      running.servers[database.server]?.urlFile,
      after.servers[next.server]?.urlFile,
    ];
    if (next.server === database.server && was === is) continue;
    throw new KerfError("invalid_input", {
      message: `The database of ${name} lies on the server ${database.server}, and ${name} would look for it ${next.server === database.server ? `in another place, ${is ?? "a server of the platform's own"}` : `on ${next.server}`}.`,
      why: "A deploy moves no data: the service would find an empty database. Nothing was changed.",
      fix: "Leave the server as it is.",
    });
  }
}
