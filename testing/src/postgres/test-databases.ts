import { type ClonedDatabase, DatabaseServer, TemplateDatabases } from "@kerf/data";
import type { AnyService } from "@kerf/service";
import { sharedServer } from "./shared-server.ts";

/** How long the connection that clones stays open after the last database, milliseconds: the next test comes at once or never. */
const lingerMs = 20;

let templates: TemplateDatabases | undefined;
let used = 0;
let lingering: NodeJS.Timeout | undefined;
let closing: Promise<void> = Promise.resolve();

/** Databases of their own for the services that keep data, as their migrations make them; by the service's name. */
export async function cloneDatabases(
  services: readonly AnyService[],
): Promise<Map<string, ClonedDatabase>> {
  const keeping = services.filter((service) => service.database !== undefined);
  const clones = await Promise.all(
    keeping.map(async (service) => [service.name, await clone(service)] as const),
  );
  return new Map(clones);
}

async function clone(service: AnyService): Promise<ClonedDatabase> {
  used++;
  clearTimeout(lingering);
  try {
    await closing;
    const { connection } = await sharedServer();
    templates ??= new TemplateDatabases(new DatabaseServer("tests", connection));
    const cloned = await templates.clone(service.name, service.database?.migrations ?? "");
    return { ...cloned, drop: () => giveBack(cloned) };
  } catch (thrown) {
    letGo();
    throw thrown;
  }
}

async function giveBack(cloned: ClonedDatabase): Promise<void> {
  await cloned.drop();
  letGo();
}

/** With the last database goes the connection, which would keep the process alive. */
function letGo(): void {
  if (--used > 0) return;
  clearTimeout(lingering);
  lingering = setTimeout(() => {
    // A connection that cannot be closed ends with the process.
    closing = templates?.close().catch(() => undefined) ?? Promise.resolve();
  }, lingerMs);
}
