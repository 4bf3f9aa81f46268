import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { byProducer, type ManifestService } from "@kerf/service";
import type { ForeignImage, ImageSidecar } from "./foreign-image.ts";

/** Connections that one copy may hold: it reads and marks events, and does nothing else. */
const connections = 2;

/** Whether events go through a sidecar, which needs a database then. */
export function hasEvents(sidecar: ImageSidecar | undefined): boolean {
  const { emits = {}, follows = [] } = sidecar ?? {};
  return follows.length + Object.keys(emits).length > 0;
}

/** An image whose sidecar keeps its log and how far it is in those of others, as databases are made for services. `state`: the platform's own folder. */
export function databaseOfImage(
  { name }: Pick<ForeignImage, "name">,
  state: string,
): ManifestService {
  // Its tables are the platform's; of its own it has none.
  const migrations = join(state, "no-migrations");
  mkdirSync(migrations, { recursive: true, mode: 0o700 });
  return withDatabase(serviceOfImage(name), migrations);
}

/** The same with a database. `migrations`: a folder without any. */
export function withDatabase(image: ManifestService, migrations: string): ManifestService {
  return { ...image, database: { server: "main", migrations, connections } };
}

/** An image as a service that does nothing. */
export function serviceOfImage(name: string): ManifestService {
  return {
    name,
    owner: name,
    contract: { name, version: "0.0.0", operations: {}, events: {} },
    uses: [],
    follows: [],
    issuer: false,
    sagas: [],
    schedules: [],
    reconciliations: [],
    workers: [],
    files: [],
  };
}

/** Throws `invalid_configuration` for events that nobody emits. `eventsOf`: of a service or another image; undefined where there is none of that name. */
export function assertEmitted(
  { follows = [] }: ImageSidecar,
  eventsOf: (producer: string) => readonly string[] | undefined,
): void {
  for (const [producer, names] of byProducer(follows)) {
    const events = eventsOf(producer);
    const missing = names.find((name) => events?.includes(name) !== true);
    if (missing === undefined) continue;
    throw new KerfError("invalid_configuration", {
      message: `Nobody emits ${producer}.${missing}.`,
      why:
        events === undefined
          ? `There is no service ${JSON.stringify(producer)}, and no image with events that is called so.`
          : `${producer} emits ${events.join(", ") || "nothing"}.`,
      fix: "Name events as SERVICE.EVENT: --follows notes.added",
    });
  }
}
