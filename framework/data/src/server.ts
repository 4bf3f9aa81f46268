import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { KerfError } from "@kerf/kernel";
import type { ConnectionConfig, TlsConfig } from "./connection.ts";

/** What a server by URL may be given beside the URL. */
export interface FromUrlOptions {
  /** The server's name in the app; default `main`. */
  readonly name?: string;
}

/**
 * A PostgreSQL server and the administrator with which the platform provisions on it. Prints without its password.
 */
export class DatabaseServer {
  readonly name: string;
  readonly #admin: ConnectionConfig;

  constructor(name: string, admin: ConnectionConfig) {
    this.name = name;
    this.#admin = admin;
  }

  /**
   * A server by URL (`postgres://user:password@host:5432/postgres?sslmode=verify-full`, or `…@localhost/postgres?host=/run/x` for
   * a Unix socket); the administrator needs CREATEDB
   * and CREATEROLE. Throws `invalid_configuration`, never repeating the URL, because it holds a password.
   */
  static fromUrl(url: string, options: FromUrlOptions = {}): DatabaseServer {
    return new DatabaseServer(options.name ?? "main", parseUrl(url.trim()));
  }

  /** The administrator's connection, to `database` or to where it usually connects. */
  admin(database: string = this.#admin.database): ConnectionConfig {
    return { ...this.#admin, database };
  }

  /** A connection of a role to a database on this server. */
  connection(database: string, user: string, password: string): ConnectionConfig {
    return { ...this.#admin, database, user, password };
  }

  /** Where it is, for people; without the password. */
  toString(): string {
    return `${this.name} (${this.#admin.host}:${this.#admin.port})`;
  }

  toJSON(): { name: string; host: string; port: number } {
    return { name: this.name, host: this.#admin.host, port: this.#admin.port };
  }

  [inspect.custom](): string {
    return `DatabaseServer ${this.toString()}`;
  }
}

const sslModes = ["disable", "require", "verify-ca", "verify-full"];

function parseUrl(text: string): ConnectionConfig {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw badUrl("It is not a URL.");
  }
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:") {
    throw badUrl("It does not begin with postgres:// or postgresql://.");
  }
  const host = url.searchParams.get("host") ?? decodeURIComponent(url.hostname);
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  if (host === "") throw badUrl("It names no host.");
  if (user === "" || password === "") throw badUrl("It names no user, or no password.");
  const unix = host.startsWith("/");
  // Encrypted and verified unless the URL says otherwise: a password must not cross a network in the clear.
  const sslMode =
    url.searchParams.get("sslmode") ?? (unix || isLoopback(host) ? "disable" : "verify-full");
  if (!sslModes.includes(sslMode)) throw badUrl(`sslmode is one of ${sslModes.join(", ")}.`);
  const tls = tlsOf(sslMode, url.searchParams.get("sslrootcert"));
  return {
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? Number(url.searchParams.get("port") ?? 5432) : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)) || "postgres",
    user,
    password,
    ...(tls === undefined ? undefined : { tls }),
  };
}

function tlsOf(sslMode: string, rootCertificate: string | null): TlsConfig | undefined {
  if (sslMode === "disable") return undefined;
  if (sslMode === "require") return { rejectUnauthorized: false };
  if (rootCertificate === null) return { rejectUnauthorized: true };
  try {
    return { rejectUnauthorized: true, ca: readFileSync(rootCertificate, "utf8") };
  } catch (cause) {
    throw badUrl(`sslrootcert cannot be read: ${(cause as Error).message}`);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host.startsWith("127.");
}

function badUrl(why: string): KerfError {
  return new KerfError("invalid_configuration", {
    message: "The URL of the database server cannot be used.",
    why,
    fix: "Write it as postgres://USER:PASSWORD@HOST:5432/postgres?sslmode=verify-full, with special characters percent-encoded.",
  });
}
