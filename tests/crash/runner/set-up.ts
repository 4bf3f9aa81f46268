import {
  type ConnectionConfig,
  DatabaseServer,
  migrate,
  provisionService,
  serviceNames,
} from "@kerf/data";
import { systemSchema } from "@kerf/service";
import { type ServiceName, services } from "../app/services.ts";
import type { Crash } from "../hook/crash.ts";

/** Of the roles that runs make, in both ways in; the server lives as long as they do. */
const passwords = { owner: "owner", app: "app", second: "second" };

/** Makes and migrates databases as the platform does before an instance starts; what is there already is left as it is. */
export async function setUp(
  admin: ConnectionConfig,
  names: readonly ServiceName[],
  crash: Crash,
): Promise<void> {
  crash.lenient = true;
  for (const name of names) {
    const { database } = services[name];
    if (database === undefined) continue;
    const request = { service: name, passwords };
    const { owner } = await provisionService(serverOf(admin), request, { systemSchema });
    await migrate(owner, database.migrations, systemSchema);
  }
  crash.lenient = false;
}

/** How to reach the database that `setUp` makes for a service. */
export function setUpConnections(
  admin: ConnectionConfig,
  name: ServiceName,
): { readonly app: ConnectionConfig; readonly owner: ConnectionConfig } {
  const { app, database, owner } = serviceNames(name);
  const server = serverOf(admin);
  return {
    app: server.connection(database, app, passwords.app),
    owner: server.connection(database, owner, passwords.owner),
  };
}

function serverOf(admin: ConnectionConfig): DatabaseServer {
  return new DatabaseServer("crash", admin);
}
