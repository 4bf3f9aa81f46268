import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

/** Where scripts/engines/brokers puts what it brings. */
export const engineCache = join(
  process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
  "kerf/engines",
);

/** Whether the cache has it. */
export function hasEngine(file: string): boolean {
  return existsSync(join(engineCache, file));
}

/** Runs what needs a file of the cache; without it the tests are skipped and say so, and under CI=true they fail. */
export function withEngine(file: string, run: () => void): void {
  if (hasEngine(file)) return run();
  const reason = `needs ${file}, which scripts/engines/brokers brings`;
  if (process.env["CI"] === "true") throw new Error(reason);
  test(`everything about ${file}`, { skip: reason });
  console.log(`skipped: ${reason}`);
}
