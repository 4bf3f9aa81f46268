import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";

/** Where `scripts/engines/h2spec` builds it; the version stands there too. */
export const h2specFile = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "kerf/engines/h2spec-2.2.1/h2spec",
);

/** The path of a program on the `PATH`. */
export function onPath(program: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Declares tests that need a program; without it they are skipped and say so, and under CI=true they fail. */
export function withProgram(
  name: string,
  file: string | undefined,
  declare: (file: string) => void,
): void {
  if (file !== undefined && isExecutable(file)) return declare(file);
  const reason = `needs ${name}, which scripts/engines/setup brings`;
  if (process.env["CI"] === "true") throw new Error(reason);
  test(`everything about ${name}`, { skip: reason });
  console.log(`skipped: ${reason}`);
}
