// Boundary: a Redis server with a user for each service. Only what runs or shares out servers imports it (the platform), and hosts that read a URL out of a
// file. Services bring the client that they like; what they are given is a place, and who they are there.
export { RedisConnection, type RedisLogin } from "./redis-connection.ts";
export { findRedisProgram, LocalRedisServer, type LocalRedisOptions } from "./local-server.ts";
export { firstUsers, redisConfiguration, redisMemoryBytes } from "./configuration.ts";
export { type RedisPlace, type RedisSocket, sealedPlace } from "./redis-place.ts";
export { keyPrefixOf, openRedisUrl, redisOfUrl, type RedisUrl } from "./redis-url.ts";
export { assertRedisVersion, redisVersion, setRedisUsers, type RedisUser } from "./redis-users.ts";
