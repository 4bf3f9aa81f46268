import { KerfError } from "@kerf/kernel";
import type { RedisSocket } from "./redis-place.ts";

/** A server by its URL. */
export interface RedisUrl {
  readonly socket: RedisSocket;
  /** `default` where the URL names none. */
  readonly username: string;
  /** Undefined where the URL says nothing of who we are. */
  readonly password: string | undefined;
}

const usualPort = 6379;
const pemBlock = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g;

/** What every key and channel of a service begins with. */
export function keyPrefixOf(service: string): string {
  return `${service}:`;
}

/** A URL that is not secret. Throws `invalid_configuration` when it is none of Redis, or when it says who we are. */
export function openRedisUrl(text: string): RedisUrl {
  const url = redisOfUrl(text);
  if (url.password === undefined && url.username === "default") return url;
  throw new KerfError("invalid_configuration", {
    message: "The URL of Redis has a user or a password in it.",
    why: "Everybody on a machine can read the arguments of its programs.",
    fix: "Write the URL into a file that only you can read, and give the file instead.",
  });
}

/**
 * A server by URL: `redis://user:password@host:6379`, `rediss://…` with TLS, or `redis+unix://:password@localhost/run/redis.sock` for a socket of this machine. After the first line there
 * may be the PEM of the authority that signed its certificate. Throws `invalid_configuration`, never with the URL, because it holds a password.
 */
export function redisOfUrl(text: string): RedisUrl {
  const [line = "", ...rest] = text.trim().split("\n");
  let url: URL;
  try {
    url = new URL(line.trim());
  } catch {
    throw badUrl("It is not a URL.");
  }
  const { hash, hostname, pathname, protocol, search } = url;
  const username = decoded(url.username);
  const password = decoded(url.password);
  const login = {
    username: username === "" ? "default" : username,
    password: password === "" ? undefined : password,
  };
  if (username !== "" && password === "") throw badUrl("It names a user without a password.");
  if (search !== "" || hash !== "") throw badUrl("It has something after the path.");
  if (protocol === "redis+unix:") {
    if (!["", "localhost"].includes(hostname) || pathname.length < 2)
      throw badUrl("It names no socket.");
    return { socket: { path: decoded(pathname), tls: false }, ...login };
  }
  if (protocol !== "redis:" && protocol !== "rediss:")
    throw badUrl("It begins with none of redis://, rediss:// and redis+unix://.");
  if (hostname === "") throw badUrl("It names no host.");
  if (!["", "/", "/0"].includes(pathname))
    throw badUrl("It names another database than 0, and rights go by keys.");
  const host = decoded(hostname).replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? usualPort : Number(url.port);
  if (protocol === "redis:") return { socket: { host, port, tls: false }, ...login };
  const ca = [...rest.join("\n").matchAll(pemBlock)].map(([pem]) => `${pem}\n`).join("");
  return { socket: { host, port, tls: true, ...(ca === "" ? undefined : { ca }) }, ...login };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl("Something in it is not percent-encoded.");
  }
}

function badUrl(why: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: "The URL of Redis cannot be used.",
    why,
    fix: "Write it as redis://USER:PASSWORD@HOST:6379, or rediss://… with TLS, with special characters percent-encoded.",
  });
}
