import { KerfError } from "@kerf/kernel";
import { sqlState } from "../database-errors.ts";
import type { MigrationFile } from "./directory.ts";
import { lineAt, offsetOf } from "./position.ts";

/** What PostgreSQL said about a migration, with the place in the file. */
export function explainMigrationError(
  file: MigrationFile,
  database: string,
  cause: unknown,
): KerfError {
  const error = cause as Error & { position?: string; detail?: string; hint?: string };
  const position =
    error.position === undefined
      ? undefined
      : lineAt(file.sql, offsetOf(file.sql, Number(error.position)));
  const place =
    position === undefined ? file.name : `${file.name}:${position.line}:${position.column}`;
  const why = [
    error.message,
    position === undefined ? undefined : `  ${file.sql.split("\n")[position.line - 1]?.trim()}`,
    error.detail,
    error.hint === undefined ? undefined : `Hint: ${error.hint}`,
  ];
  return new KerfError("migration_failed", {
    message: `The migration ${place} of ${database} failed.`,
    why: why.filter((line) => line !== undefined).join("\n"),
    fix: fixOf(file, cause),
    data: { file: file.name, ...position },
    cause,
  });
}

function fixOf(file: MigrationFile, cause: unknown): string {
  const state = sqlState(cause);
  if (state === "55P03")
    return "Somebody holds a lock on the table for long. Try again when there is less traffic.";
  if (state === "25001" && file.transactional) {
    return 'Statements that cannot run in a transaction have a file of their own with the line "-- kerf: no-transaction".';
  }
  return file.transactional
    ? "Correct the file and start again. Nothing of it was applied."
    : "Correct it and start again. It had no transaction: clean up what it may have left, such as an invalid index.";
}
