import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { transactionControl } from "../transaction-control.ts";
import { lineAt } from "./position.ts";
import { splitStatements } from "./statements.ts";

/** One migration as it lies in the directory. */
export interface MigrationFile {
  /** Name of the file, such as `0001_orders.sql`. */
  readonly name: string;
  readonly number: number;
  readonly sql: string;
  /** Hexadecimal SHA-256 of the text. */
  readonly sha256: string;
  /** False with `-- kerf: no-transaction` in its first lines. */
  readonly transactional: boolean;
}

const naming = /^(\d{4,9})_[a-z0-9][a-z0-9_-]*\.sql$/;
const noTransaction = /^--\s*kerf:\s*no-transaction\s*$/i;

/** Reads the migrations of a directory in their order; throws `migration_failed` naming everything that is wrong with them. */
export async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new KerfError("migration_failed", {
      message: `The directory of the migrations cannot be read: ${directory}`,
      why: (cause as Error).message,
      fix: "Make it, with a first file 0001_NAME.sql, or correct the path given to postgres({ migrations }).",
      cause,
    });
  });
  const problems: string[] = [];
  const files: MigrationFile[] = [];
  for (const name of names.filter((entry) => entry.endsWith(".sql")).sort()) {
    const number = naming.exec(name)?.[1];
    if (number === undefined) {
      problems.push(
        `${name}: the name is not NUMBER_what_it_does.sql with four digits, such as 0001_orders.sql.`,
      );
      continue;
    }
    const file = migrationFile(name, Number(number), await readFile(join(directory, name), "utf8"));
    problems.push(...problemsOf(file));
    files.push(file);
  }
  files.sort((a, b) => a.number - b.number);
  for (const [index, file] of files.entries()) {
    const before = files[index - 1];
    if (before?.number === file.number) {
      problems.push(
        `${before.name} and ${file.name} have the same number; give the newer one the next free number.`,
      );
    }
  }
  if (problems.length > 0) {
    throw new KerfError("migration_failed", {
      message: `The migrations in ${directory} cannot be applied.`,
      why: problems.join("\n"),
      fix: "Correct the files; nothing has been applied.",
      data: { problems },
    });
  }
  return files;
}

function migrationFile(name: string, number: number, text: string): MigrationFile {
  // The same file checked out on another system must not look edited.
  const sql = text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  return {
    name,
    number,
    sql,
    sha256: createHash("sha256").update(sql).digest("hex"),
    transactional: !leadingComments(sql).some((line) => noTransaction.test(line)),
  };
}

function leadingComments(sql: string): string[] {
  const lines = sql.split("\n");
  const first = lines.findIndex((line) => !/^\s*(--.*)?$/.test(line));
  return first < 0 ? lines : lines.slice(0, first);
}

function problemsOf(file: MigrationFile): string[] {
  const statements = splitStatements(file.sql);
  if (statements.length === 0) return [`${file.name}: it holds no statement.`];
  if (!file.transactional && statements.length > 1) {
    return [
      `${file.name}: with "kerf: no-transaction" it may hold one statement only, because nothing could undo the first when the second fails.`,
    ];
  }
  return statements
    .filter((statement) => transactionControl(statement.text) !== undefined)
    .map(
      (statement) =>
        `${file.name}:${lineAt(file.sql, statement.offset).line}: "${statement.text.slice(0, 40)}" would end the transaction that each migration has of its own; leave it out.`,
    );
}
