import { randomBytes } from "node:crypto";
import type { AppManifest } from "@kerf/service";
import { DatabaseServer, serviceNames } from "@kerf/data";
import { makeKey, publicHalf } from "../resources/keys.ts";
import { secretNames } from "./exported-boot.ts";

/** A place of PostgreSQL in URLs: `host:5432`, and what follows the database. */
export interface ServerUrl {
  readonly host: string;
  /** Such as `?sslmode=verify-full`. */
  readonly query: string;
}

/** Where the databases of a server lie, by the URL of its administrator. */
export function serverUrlOf(admin: string): ServerUrl {
  const { host, port } = DatabaseServer.fromUrl(admin).toJSON();
  const { search } = new URL(admin);
  // The folder of a socket is in the query alone.
  return { host: host.startsWith("/") ? "localhost" : `${host}:${port}`, query: search };
}

/** Secrets that nobody has to know before: keys, and the passwords of the databases' roles. By name below the folder of secrets. */
export function drawnSecrets(
  { services }: AppManifest,
  serverOf: (server: string) => ServerUrl,
): Record<string, string> {
  const principal = makeKey();
  const issuer = makeKey();
  const drawn: Record<string, string> = {
    [secretNames.principal]: JSON.stringify(principal),
    [secretNames.issuer]: JSON.stringify(issuer),
    [secretNames.principalSet]: JSON.stringify({ keys: [publicHalf(principal)] }),
    [secretNames.issuerSet]: JSON.stringify({ keys: [publicHalf(issuer)] }),
  };
  for (const { database, name } of services) {
    if (database === undefined) continue;
    const names = serviceNames(name);
    const { host, query } = serverOf(database.server);
    const url = (role: string): string =>
      `postgres://${role}:${password()}@${host}/${names.database}${query}`;
    drawn[secretNames.database(name)] = url(names.app);
    drawn[secretNames.owner(name)] = url(names.owner);
  }
  return drawn;
}

/** 24 random bytes, base64url: fits into a URL as it is. */
export function password(): string {
  return randomBytes(24).toString("base64url");
}
