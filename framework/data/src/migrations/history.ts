import { KerfError } from "@kerf/kernel";
import type { MigrationFile } from "./directory.ts";

/** A migration as the database remembers it. */
export interface AppliedMigration {
  readonly name: string;
  readonly sha256: string;
}

/** How a database and a directory are compared. */
export interface HistoryOptions {
  /** Whether the database may have migrations behind the last one of the directory, as it does once newer code was there. */
  readonly ahead?: "allowed" | "refused";
}

/**
 * The files that are still to be applied. Throws `migration_failed` naming everything in which the directory contradicts what was
 * applied: an edited file, a removed one, one that comes before an applied one.
 */
export function compareWithHistory(
  files: readonly MigrationFile[],
  history: readonly AppliedMigration[],
  database: string,
  { ahead = "refused" }: HistoryOptions = {},
): MigrationFile[] {
  const problems: string[] = [];
  const byName = new Map(files.map((file) => [file.name, file]));
  const applied = new Set(history.map((migration) => migration.name));
  for (const { name, sha256 } of history) {
    const file = byName.get(name);
    if (file === undefined) {
      if (ahead === "allowed" && isAfter(name, files.at(-1)?.number ?? 0)) continue;
      problems.push(`${name}: it was applied, and its file is gone. Put it back as it was.`);
    } else if (file.sha256 !== sha256) {
      problems.push(
        `${name}: it was applied, and its file was edited since. Put it back as it was, and write the change as a new migration.`,
      );
    }
  }
  const last = files.findLast((file) => applied.has(file.name));
  const pending = files.filter((file) => !applied.has(file.name));
  for (const file of pending) {
    if (last !== undefined && file.number < last.number) {
      problems.push(
        `${file.name}: it comes before ${last.name}, which was applied already. Give it a higher number.`,
      );
    }
  }
  if (problems.length === 0) return pending;
  throw new KerfError("migration_failed", {
    message: `The migrations do not fit the database ${database}.`,
    why: problems.join("\n"),
    fix: "Migrations only go forward: files that were applied stay as they are. While developing, an empty database starts over.",
    data: { problems },
  });
}

function isAfter(name: string, last: number): boolean {
  return Number.parseInt(name, 10) > last;
}
