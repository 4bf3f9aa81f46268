import type { ManifestService } from "@kerf/service";
import type { Databases } from "../databases.ts";
import type { Redis } from "./redis.ts";

/**
 * Exchanges the passwords of what a service keeps data in: its database's roles, and its user of Redis. `exchange` makes every instance use the new ones, once. Answers how
 * each old one was refused. Throws `not_found` for a service that has neither.
 */
export async function rotatePasswords(
  { databases, redis }: { readonly databases: Databases; readonly redis: Redis },
  { database, name, redis: hasRedis }: ManifestService,
  exchange: () => Promise<unknown>,
): Promise<Record<string, string>> {
  if (hasRedis !== true) return databases.rotatePasswords(name, exchange);
  let refused: Record<string, string> = {};
  const inRedis = await redis.rotate(name, async () => {
    if (database === undefined) await exchange();
    else refused = await databases.rotatePasswords(name, exchange);
  });
  return { ...refused, [`${name} (Redis)`]: inRedis };
}
