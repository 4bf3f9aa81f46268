import { createRequire } from "node:module";
import type { Client, ClientConfig } from "pg";
import { KerfError } from "@kerf/kernel";
import { unavailable } from "./database-errors.ts";
import { typeParsers } from "./type-parsers.ts";

/** TLS to an external server. */
export interface TlsConfig {
  /** False only for `sslmode=require`, which encrypts without checking who answers. */
  readonly rejectUnauthorized: boolean;
  /** Certificate authority, PEM; the system's authorities when absent. */
  readonly ca?: string;
}

/** How to reach one database as one role. Plain data; it holds a password, so it goes to processes by descriptor only. */
export interface ConnectionConfig {
  /** Directory of a Unix socket, or a host name. */
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly tls?: TlsConfig;
}

/** Connect timeout, in milliseconds (`defaults.md`: 1 s, as Linkerd's outbound). */
export const connectTimeoutMs = 1_000;

const require = createRequire(import.meta.url);

/** The driver, loaded when the first connection is made: what declares no database does not pay for it. */
export function driver(): typeof import("pg") {
  return require("pg") as typeof import("pg");
}

/** The connection in the driver's words. */
export function clientConfig(config: ConnectionConfig, applicationName: string): ClientConfig {
  return {
    host: config.host,
    port: config.port,
    database: config.database,
    user: config.user,
    password: config.password,
    // Named, so that PGSSLMODE of the environment has no say.
    ssl: config.tls === undefined ? false : { ...config.tls },
    application_name: applicationName.slice(0, 63),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    types: typeParsers,
  };
}

/** A connection for logs: who and where, without the password. */
export function describeConnection(config: ConnectionConfig): string {
  return `${config.user}@${config.host}:${config.port}/${config.database}`;
}

/** Where the server is, as spans and metrics name it. */
export function serverAddress({ host, port }: ConnectionConfig): string {
  return host.startsWith("/") ? `unix:${host}/.s.PGSQL.${port}` : `tcp:${host}:${port}`;
}

/** Runs `work` on a connection of its own, which is closed at the end; throws `unavailable` when there is no server. */
export async function withConnection<T>(
  config: ConnectionConfig,
  applicationName: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const { Client } = driver();
  const client = new Client(clientConfig(config, applicationName));
  // A connection that dies between two statements says so here; the next statement fails with it.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw connectFailure(config, cause);
  }
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Why no connection could be made, for the operator. */
export function connectFailure(config: ConnectionConfig, cause: unknown): KerfError {
  const code = (cause as { code?: unknown }).code;
  if (code === "28P01" || code === "28000" || code === "42501") {
    return new KerfError("forbidden", {
      message: `PostgreSQL refuses ${describeConnection(config)}.`,
      why: (cause as Error).message,
      fix: "Each service connects with its own role to its own database only; check that the password is the provisioned one.",
      cause,
    });
  }
  if (code === "3D000") {
    return new KerfError("invalid_configuration", {
      message: `The database ${config.database} does not exist.`,
      why: (cause as Error).message,
      fix: "Provision it first.",
      cause,
    });
  }
  return unavailable("not-executed", cause);
}
