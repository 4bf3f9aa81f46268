import { resolve } from "node:path";
import { openRedisUrl, redisOfUrl, type RedisUrl } from "@kerf/data/redis";
import { readSecretUrl } from "../secret-file.ts";

/**
 * A Redis that we do not run: a URL without credentials, or a file that only its owner can read, with a URL that has them. Throws
 * `invalid_configuration`.
 */
export async function readRedis(setting: string): Promise<RedisUrl> {
  if (/^[a-z+]+:\/\//.test(setting)) return openRedisUrl(setting);
  return redisOfUrl(await readSecretUrl(resolve(setting), "Redis"));
}
