import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { sealedPlace } from "./redis-place.ts";
import { openRedisUrl, redisOfUrl } from "./redis-url.ts";

const refused = { code: "invalid_configuration", message: /^(?!.*secret)/ };

test("a URL says where Redis is, and who we are", () => {
  const pem = "-----BEGIN CERTIFICATE-----\nMIIB+/0=\n-----END CERTIFICATE-----\n";
  assert.deepEqual(redisOfUrl("redis://host"), {
    socket: { host: "host", port: 6379, tls: false },
    username: "default",
    password: undefined,
  });
  assert.deepEqual(redisOfUrl(`rediss://me:p%40ss@[::1]:7000/0\n${pem}`), {
    socket: { host: "::1", port: 7000, tls: true, ca: pem },
    username: "me",
    password: "p@ss",
  });
  assert.deepEqual(redisOfUrl("redis+unix://:secret@localhost/run/redis.sock").socket, {
    path: "/run/redis.sock",
    tls: false,
  });
  for (const url of [
    "host:6379",
    "redis://",
    "http://host",
    "redis://me@host",
    "redis://:secret@host/2",
    "redis://:secret%zz@host",
    "redis://host?family=6",
    "redis+unix://host/run/redis.sock",
  ])
    assert.throws(() => redisOfUrl(url), refused, url);
});

test("a password is refused as an argument, and shown nowhere", () => {
  assert.throws(() => openRedisUrl("redis://:secret@host"), refused);
  const place = sealedPlace({
    socket: {
      path: "/s",
      tls: false,
    },
    username: "orders",
    password: "oak and ash",
    keyPrefix: "orders:",
  });
  assert.ok(![inspect(place), JSON.stringify({ place })].join().includes("oak"));
  assert.equal({ ...place }.password, "oak and ash");
});
