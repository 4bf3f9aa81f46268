import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { KerfError } from "@kerf/kernel";

declare const tables: unique symbol;

/** What a service says about its database; plain data that carries the types of its tables. */
export interface PostgresDeclaration<Tables = unknown> {
  readonly kind: "postgres";
  /** Absolute path of the directory with the migrations. */
  readonly migrations: string;
  /** Name of the server that it lives on. */
  readonly server: string;
  /** Connections of each instance, at most. */
  readonly connections: number;
  /** Types only. */
  readonly [tables]?: Tables;
}

/** The table types of a declaration. */
export type TablesOf<Declaration> =
  Declaration extends PostgresDeclaration<infer Tables> ? Tables : never;

/** What {@link postgres} takes. */
export interface PostgresOptions {
  /** The directory with the migrations: `new URL("./migrations", import.meta.url)`, or an absolute path. */
  readonly migrations: URL | string;
  /** The server that the database lives on, by its name in the platform; default `main`. */
  readonly server?: string;
  /** Connections of each instance, at most; default 4 (`defaults.md`). */
  readonly connections?: number;
}

/** Declares that a service keeps its data in a PostgreSQL database of its own; throws `invalid_app` naming all that is wrong. */
export function postgres<Tables = unknown>(options: PostgresOptions): PostgresDeclaration<Tables> {
  const problems: string[] = [];
  const migrations = directoryOf(options.migrations, problems);
  const server = options.server ?? "main";
  if (!/^[a-z][a-z0-9-]{0,40}$/.test(server)) {
    problems.push(
      `server: ${JSON.stringify(server)} is not a name of lower-case letters, digits and hyphens.`,
    );
  }
  const connections = options.connections ?? 4;
  if (!Number.isSafeInteger(connections) || connections < 1 || connections > 100) {
    problems.push(`connections: ${String(connections)} is not a whole number from 1 to 100.`);
  }
  if (problems.length > 0) {
    throw new KerfError("invalid_app", {
      message: "The declaration of a service's database is wrong: postgres({ … }).",
      why: problems.join("\n"),
      fix: 'Write it as postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }).',
      data: { problems },
    });
  }
  return { kind: "postgres", migrations, server, connections };
}

function directoryOf(given: URL | string, problems: string[]): string {
  const url = typeof given === "string" && !given.startsWith("file:") ? undefined : new URL(given);
  if (url?.protocol === "file:") return fileURLToPath(url).replace(/\/$/, "");
  if (typeof given === "string" && isAbsolute(given)) return given;
  problems.push(
    `migrations: ${JSON.stringify(String(given))} is not absolute; relative to which file it is meant, a function cannot know.`,
  );
  return String(given);
}
