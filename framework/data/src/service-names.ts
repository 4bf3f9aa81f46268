import { KerfError } from "@kerf/kernel";

/** What a service is called in SQL; plain identifiers, which need no quotes but get them all the same. */
export interface ServiceNames {
  readonly service: string;
  readonly database: string;
  /** The role that owns the database and migrates it. */
  readonly owner: string;
  /** The role that instances work with. */
  readonly app: string;
  /** Another way to log in as `app`, with a password of its own: one holds while the other is exchanged. */
  readonly second: string;
}

/** Databases that every server has of its own. */
const taken = new Set(["postgres", "template0", "template1"]);

/** The SQL names of a service; throws `invalid_configuration` for a name that can have none. */
export function serviceNames(service: string): ServiceNames {
  const why = unfit(service);
  if (why !== undefined) {
    throw new KerfError("invalid_configuration", {
      message: `A service cannot be called ${JSON.stringify(service)}.`,
      why,
      fix: "Use lower-case letters, digits and hyphens, beginning with a letter, at most 41 characters.",
    });
  }
  const name = service.replaceAll("-", "_");
  return {
    service,
    database: name,
    owner: `${name}_owner`,
    app: `${name}_app`,
    second: `${name}_app_2`,
  };
}

function unfit(service: string): string | undefined {
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(service)) return "Its database and roles carry its name.";
  if (taken.has(service)) return "PostgreSQL has a database of that name.";
  if (service.startsWith("pg-"))
    return "PostgreSQL keeps role names that begin with pg_ for itself.";
  return undefined;
}

/** A quoted SQL identifier. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A quoted SQL string. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}
