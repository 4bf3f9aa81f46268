import type { RedisBoot } from "@kerf/call";
import type { RedisPlace } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { AnyService } from "../declaration/service.ts";

/** Where services find their Redis, by the service's name. */
export type ServiceRedis = Readonly<Record<string, RedisPlace>>;

/** Makes of what a program was told what handlers are given. Throws `invalid_configuration` where it was told too little. */
export async function openRedis(
  services: readonly AnyService[],
  boots: Readonly<Record<string, RedisBoot>> = {},
): Promise<ServiceRedis> {
  const wanting = services.filter(({ redis }) => redis).map(({ name }) => name);
  const missing = wanting.filter((name) => boots[name] === undefined);
  if (missing.length > 0) {
    throw new KerfError("invalid_configuration", {
      message: `This program was told of no Redis for ${missing.join(", ")}.`,
      why: "They declare redis: true, and whoever starts the program says where it is.",
      fix: "Restart the platform; in a test, give the place to startService(service, { redis }).",
    });
  }
  if (wanting.length === 0) return {};
  const { sealedPlace } = await import("@kerf/data/redis");
  return Object.fromEntries(wanting.map((name) => [name, sealedPlace(boots[name] as RedisBoot)]));
}

/** Reads a URL of Redis as the place of a service. Throws `invalid_configuration`, never with the URL. */
export async function redisOfUrl(text: string, service: string): Promise<RedisBoot> {
  const { keyPrefixOf, redisOfUrl: read } = await import("@kerf/data/redis");
  if (text.trim() === "") {
    throw new KerfError("invalid_configuration", {
      message: `The secret with the URL of the Redis of ${service} is empty.`,
      why: "Whoever runs the server makes the user and writes the URL.",
      fix: `Fill it: redis://${service}:PASSWORD@HOST:6379`,
    });
  }
  const { password, socket, username } = read(text);
  if (password === undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The URL of the Redis of ${service} has no password.`,
      fix: `Give it a user of its own: redis://${service}:PASSWORD@HOST:6379`,
    });
  }
  return { socket, username, password, keyPrefix: keyPrefixOf(service) };
}
