import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { httpClient } from "@kerf/call/browser";
import type { Client } from "@kerf/contract";
import { operatorHeader, platform, type PlatformContract } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";
import { findHome } from "./home.ts";
import { operator } from "./operator.ts";
import { patientFetch } from "./patient-fetch.ts";
import { readToken } from "./token.ts";

/** A running platform, with a typed client of its API. */
export interface Connection {
  readonly home: string;
  readonly url: string;
  readonly client: Client<PlatformContract>;
}

/** Finds the platform by its folder of state; throws `platform_unreachable` when none was started there. */
export async function connect(options: { home?: string | undefined }): Promise<Connection> {
  const home = findHome(options.home, process.env, process.cwd());
  const token = await readToken(home).catch((cause: unknown) => {
    throw cause instanceof KerfError ? cause : notStarted(home, cause);
  });
  const url = await urlOf(home);
  const headers = {
    authorization: `Bearer ${token}`,
    [operatorHeader]: encodeURIComponent(operator()),
  };
  const client = httpClient(platform, {
    baseUrl: url,
    headers: () => headers,
    fetch: patientFetch,
  });
  return { home, url, client };
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
    fix: "Start the app with kerf dev or kerf up, or pass --home DIR.",
    cause,
  });
}

/** The error of a call to the platform in the words of whoever failed: a service, or the way to the platform. */
function explain(thrown: unknown, connection: Connection): unknown {
  if (!(thrown instanceof KerfError)) return thrown;
  if (thrown.declared && thrown.code === "failed")
    return KerfError.fromShape(thrown.data as ErrorShape);
  if (!thrown.declared && thrown.code === "internal") return mistake(thrown);
  const why = unreachable[thrown.code];
  if (thrown.declared || why === undefined) return thrown;
  return new KerfError("platform_unreachable", {
    message: `The platform at ${connection.url} cannot be reached.`,
    why: `${connection.home} says that it is there, but ${why}.`,
    fix: "If kerf dev runs, it brings the platform back within seconds: try again. In the background: kerf up.",
    cause: thrown,
  });
}

/** What nobody expected of the platform: its log has it under the trace. */
function mistake(thrown: KerfError): KerfError {
  const { traceId } = (thrown.data ?? {}) as { traceId?: string };
  return new KerfError("internal", {
    message: "The platform failed at this, which is a mistake in Kerf itself.",
    ...(traceId === undefined ? undefined : { why: `Its log has it under the trace ${traceId}.` }),
    fix: "kerf logs platform shows it: please report it with the command line and these lines.",
    cause: thrown,
  });
}

const unreachable: Readonly<Record<string, string>> = {
  unavailable: "nothing answers",
  connection_lost: "the connection broke",
  unauthenticated: "another one answers, which does not know our token",
};

/** Runs `use` with a connection to the platform. */
export async function withPlatform<T>(
  options: { home?: string | undefined },
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(options);
  try {
    return await use(connection);
  } catch (thrown) {
    throw explain(thrown, connection);
  }
}
