import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";

let named: string | undefined;

/** Says, before a command runs, which file has the token that it is to use; undefined for the one of the platform's folder of state. */
export function useTokenFile(file: string | undefined): void {
  named = file === undefined ? undefined : resolve(file);
}

/** The token to send; throws `usage` when the file that was named cannot be read, and what reading the platform's own throws. */
export async function readToken(home: string): Promise<string> {
  if (named === undefined) return (await readFile(join(home, "token"), "utf8")).trim();
  try {
    return (await readFile(named, "utf8")).trim();
  } catch (cause) {
    throw new KerfError("usage", {
      message: `The token cannot be read: ${(cause as Error).message}`,
      fix: "Give the file with the token by --token-file.",
      cause,
    });
  }
}
