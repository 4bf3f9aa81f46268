import { readFileSync, writeFileSync } from "node:fs";

/** How many statements are kept. */
const kept = 500;
const secret = /password|passwd|secret|token|credential|api[_-]?key|crypt\s*\(/i;

/** Whether a statement may hold a secret, and so is not kept. */
export function mayHoldSecret(statement: string): boolean {
  return secret.test(statement);
}

/** Statements of earlier shells, newest first; none when there is no history yet. */
export function readHistory(file: string): string[] {
  try {
    const lines = JSON.parse(readFileSync(file, "utf8")) as unknown;
    return Array.isArray(lines) ? lines.filter((line) => typeof line === "string") : [];
  } catch {
    return [];
  }
}

/** Keeps statements, newest first, readable by their owner only; those that may hold a secret are left out. */
export function writeHistory(file: string, statements: readonly string[]): void {
  const harmless = statements.filter((statement) => !mayHoldSecret(statement)).slice(0, kept);
  writeFileSync(file, JSON.stringify(harmless), { mode: 0o600 });
}
