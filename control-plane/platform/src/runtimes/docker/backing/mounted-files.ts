import { chownSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { readText, writeWhole } from "../../../state/json-file.ts";

/** A password that is drawn once and kept in a file of ours: 256 bits. */
export async function keptPassword(file: string): Promise<string> {
  const kept = readText(file)?.trim();
  if (kept !== undefined && kept !== "") return kept;
  const password = randomBytes(32).toString("base64url");
  await writeWhole(file, password);
  return password;
}

/** Writes a file that a container mounts, where it does not say so already: one that is replaced is no longer the one that is mounted. */
export async function keptFile(file: string, content: string): Promise<void> {
  if (readText(file) !== content) await writeWhole(file, content);
}

/** Gives files that a container mounts to whom its program runs as; they stay closed to everybody else. */
export function giveTo({ gid, uid }: { uid: number; gid: number }, ...files: string[]): void {
  if (process.getuid?.() !== 0) return;
  for (const file of files) chownSync(file, uid, gid);
}
