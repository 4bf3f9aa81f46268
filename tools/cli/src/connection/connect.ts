import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import { platform, type PlatformContract } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import { findHome } from "./home.ts";

/** A running platform, with a typed client of its API. */
export interface Connection {
  readonly home: string;
  readonly url: string;
  readonly client: Client<PlatformContract>;
}

/** Finds the platform by its folder of state; throws `platform_unreachable` when none was started there. */
export async function connect(options: { home?: string | undefined }): Promise<Connection> {
  const home = findHome(options.home, process.env, process.cwd());
  const token = await readFile(join(home, "token"), "utf8").catch((cause: unknown) => {
    throw notStarted(home, cause);
  });
  const url = await urlOf(home);
  const headers = { authorization: `Bearer ${token.trim()}` };
  return { home, url, client: httpClient(platform, { baseUrl: url, headers: () => headers }) };
}

async function urlOf(home: string): Promise<string> {
  try {
    const { url } = JSON.parse(await readFile(join(home, "platform.json"), "utf8")) as {
      url: string;
    };
    return url;
  } catch (cause) {
    throw notStarted(home, cause);
  }
}

function notStarted(home: string, cause: unknown): KerfError {
  return new KerfError("platform_unreachable", {
    message: "No platform is running here.",
    why: `${home} names none: ${(cause as Error).message}`,
    fix: "Start the app with kerf dev, or pass --home DIR.",
    cause,
  });
}

/** The error of a call that never reached the platform, said as such; every other error as it is. */
export function explainUnreachable(thrown: unknown, connection: Connection): unknown {
  if (!(thrown instanceof KerfError) || thrown.declared) return thrown;
  if (thrown.code !== "unavailable" && thrown.code !== "connection_lost") return thrown;
  return new KerfError("platform_unreachable", {
    message: `The platform at ${connection.url} does not answer.`,
    why: `It was started with ${connection.home}, and is gone or cannot be reached: ${thrown.message}`,
    fix: "If kerf dev runs, it brings the platform back within seconds: try again. Otherwise start it.",
    cause: thrown,
  });
}

/** Runs `use` with a connection to the platform. */
export async function withPlatform<T>(
  options: { home?: string | undefined },
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options);
  try {
    return await use(connection);
  } catch (thrown) {
    throw explainUnreachable(thrown, connection);
  }
}
