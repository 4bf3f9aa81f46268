import { fileURLToPath } from "node:url";
import { KerfError } from "@kerf/kernel";

/** A service's own database, as its author declares it. */
export interface DatabaseDeclaration<Tables = unknown> {
  readonly type: "postgres";
  /** Absolute path of the folder with the forward migrations. */
  readonly migrations: string;
  /** The server it lies on; `main` unless the service has one of its own. */
  readonly server: string;
  /** Connections of one instance; default 4. */
  readonly connections: number;
  /** Types only. */
  readonly "~tables"?: Tables;
}

/** Declares a service's database; `Tables` are its Kysely table types, made by `kerf db types`. */
export function postgres<Tables>(options: {
  /** `new URL("./migrations", import.meta.url)`, or an absolute path. */
  migrations: URL | string;
  server?: string;
  connections?: number;
}): DatabaseDeclaration<Tables> {
  const migrations =
    options.migrations instanceof URL ? fileURLToPath(options.migrations) : options.migrations;
  if (!migrations.startsWith("/")) {
    throw new KerfError("invalid_app", {
      message: `The migrations folder ${JSON.stringify(migrations)} is a relative path.`,
      why: "A relative path would mean something else in every process that loads this service.",
      fix: `Write migrations: new URL(${JSON.stringify(migrations)}, import.meta.url)`,
    });
  }
  return {
    type: "postgres",
    migrations,
    server: options.server ?? "main",
    connections: options.connections ?? 4,
  };
}
