import { type ClonedDatabase, DatabaseServer, TemplateDatabases } from "@kerf/data";
import type { AnyService } from "@kerf/service";
import { sharedServer } from "./shared-server.ts";

let templates: TemplateDatabases | undefined;
let used = 0;
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
  try {
    await closing;
    const { connection } = await sharedServer();
    templates ??= new TemplateDatabases(new DatabaseServer("tests", connection));
    const cloned = await templates.clone(service.name, service.database?.migrations ?? "");
    return { ...cloned, drop: () => giveBack(cloned) };
  } catch (thrown) {
    await letGo();
    throw thrown;
  }
}

async function giveBack(cloned: ClonedDatabase): Promise<void> {
  await cloned.drop();
  await letGo();
}

/** With the last database goes the connection, so that it does not keep the process alive. */
async function letGo(): Promise<void> {
  if (--used > 0) return;
  closing = templates?.close() ?? Promise.resolve();
  await closing;
}
