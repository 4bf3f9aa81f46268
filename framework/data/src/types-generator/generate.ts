import { type ConnectionConfig, withConnection } from "../connection.ts";
import { introspect } from "./introspect.ts";
import { renderTypes } from "./render.ts";

/** How the file is written. */
export interface GenerateTypesOptions {
  /** The package that the file imports its types from; default `@kerf/data`. */
  readonly importFrom?: string;
}

/** The TypeScript file with the types of all tables of a database; the same database always gives the same text. */
export function generateTypes(
  connection: ConnectionConfig,
  options: GenerateTypesOptions = {},
): Promise<string> {
  return withConnection(connection, "kerf/types", async (client) =>
    renderTypes(await introspect(client), options.importFrom ?? "@kerf/data"),
  );
}
