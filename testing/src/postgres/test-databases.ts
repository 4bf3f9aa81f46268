import { type ClonedDatabase, DatabaseServer, TemplateDatabases } from "@kerf/data";
import { type AnyService, systemSchema } from "@kerf/service";
import { sharedServer } from "./shared-server.ts";

let templates: Promise<TemplateDatabases> | undefined;

/** Databases of their own for the services that keep data, as their migrations make them; by the service's name. */
export async function cloneDatabases(
  services: readonly AnyService[],
): Promise<Map<string, ClonedDatabase>> {
  templates ??= connect();
  const databases = await templates;
  const clones = services.map(async ({ name, database }) =>
    database === undefined
      ? []
      : [[name, await databases.clone(name, database.migrations)] as const],
  );
  return new Map((await Promise.all(clones)).flat());
}

/** Stays for the tests to come; neither connection nor lease keeps the process alive. */
async function connect(): Promise<TemplateDatabases> {
  try {
    const { connection } = await sharedServer();
    return new TemplateDatabases(new DatabaseServer("tests", connection), systemSchema);
  } catch (thrown) {
    // The next test may try again.
    templates = undefined;
    throw thrown;
  }
}
