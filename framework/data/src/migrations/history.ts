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

/** Everything in which the directory contradicts what was applied: what happened, and what to do. */
function contradictions(
  files: readonly MigrationFile[],
  history: readonly AppliedMigration[],
  { ahead = "refused" }: HistoryOptions,
): string[] {
  const found: string[] = [];
  const byName = new Map(files.map((file) => [file.name, file]));
  const applied = new Set(history.map((migration) => migration.name));
  for (const { name, sha256 } of history) {
    const file = byName.get(name);
    if (file === undefined) {
      if (ahead === "allowed" && isAfter(name, files.at(-1)?.number ?? 0)) continue;
      found.push(`${name}: it was applied, and its file is gone. Put it back as it was.`);
    } else if (file.sha256 !== sha256) {
      found.push(
        `${name}: it was applied, and its file was edited since. Put it back as it was, and write the change as a new migration.`,
      );
    }
  }
  const last = files.findLast((file) => applied.has(file.name));
  for (const file of files) {
    if (applied.has(file.name) || last === undefined || file.number >= last.number) continue;
    found.push(
      `${file.name}: it comes before ${last.name}, which was applied already. Give it a higher number.`,
    );
  }
  return found;
}

/** The files that are still to be applied. Throws `migration_failed` that names all `problems` in its data. */
export function compareWithHistory(
  files: readonly MigrationFile[],
  history: readonly AppliedMigration[],
  database: string,
  options: HistoryOptions = {},
): MigrationFile[] {
  const problems = contradictions(files, history, options);
  const applied = new Set(history.map((migration) => migration.name));
  if (problems.length === 0) return files.filter((file) => !applied.has(file.name));
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
