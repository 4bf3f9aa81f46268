import { type PostgresDeclaration, postgres } from "@kerf/data";

/** Who answers for the services of the scenarios. */
export const owner = "crash";

/** The database of a service, with the migrations that lie under its name. */
export function database(name: string): PostgresDeclaration<any> {
  return postgres({ migrations: new URL(`migrations/${name}`, import.meta.url) });
}

/** What the undo of a step is called. */
export const undoLabel = (label: string): string => `${label} back`;
