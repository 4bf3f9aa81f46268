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

/** A migration in which a directory contradicts what was applied. */
export interface ChangedMigration {
  readonly name: string;
  /** `early`: it is new, and comes before one that was applied. */
  readonly change: "edited" | "missing" | "early";
  /** What happened, and what to do. */
  readonly message: string;
}

/** Everything in which the directory contradicts what was applied. */
export function changedSince(
  files: readonly MigrationFile[],
  history: readonly AppliedMigration[],
  { ahead = "refused" }: HistoryOptions = {},
): ChangedMigration[] {
  const changed: ChangedMigration[] = [];
  const add = (name: string, change: ChangedMigration["change"], message: string): void =>
    void changed.push({ name, change, message: `${name}: ${message}` });
  const byName = new Map(files.map((file) => [file.name, file]));
  const applied = new Set(history.map((migration) => migration.name));
  for (const { name, sha256 } of history) {
    const file = byName.get(name);
    if (file === undefined) {
      if (ahead === "allowed" && isAfter(name, files.at(-1)?.number ?? 0)) continue;
      add(name, "missing", "it was applied, and its file is gone. Put it back as it was.");
    } else if (file.sha256 !== sha256) {
      const what = "it was applied, and its file was edited since.";
      add(
        name,
        "edited",
        `${what} Put it back as it was, and write the change as a new migration.`,
      );
    }
  }
  const last = files.findLast((file) => applied.has(file.name));
  for (const file of files) {
    if (applied.has(file.name) || last === undefined || file.number >= last.number) continue;
    const what = `it comes before ${last.name}, which was applied already.`;
    add(file.name, "early", `${what} Give it a higher number.`);
  }
  return changed;
}

/** The files that are still to be applied. Throws `migration_failed` naming all that {@link changedSince} finds. */
export function compareWithHistory(
  files: readonly MigrationFile[],
  history: readonly AppliedMigration[],
  database: string,
  options: HistoryOptions = {},
): MigrationFile[] {
  const problems = changedSince(files, history, options).map(({ message }) => message);
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
