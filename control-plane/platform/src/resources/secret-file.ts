import { readFile, stat } from "node:fs/promises";
import { KerfError } from "@kerf/kernel";

/**
 * Reads a file with a URL that has a password in it. `what` says of what it is the URL. Throws `invalid_configuration` when others than its
 * owner can read it, or when it cannot be read.
 */
export async function readSecretUrl(file: string, what: string): Promise<string> {
  try {
    const info = await stat(file);
    if ((info.mode & 0o077) !== 0) {
      throw new KerfError("invalid_configuration", {
        message: `${file} can be read by others than its owner.`,
        why: `It holds the password of ${what}.`,
        fix: `chmod 600 ${file}`,
      });
    }
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof KerfError) throw cause;
    throw new KerfError("invalid_configuration", {
      message: `The file with the URL of ${what} cannot be read: ${file}`,
      why: (cause as Error).message,
      fix: "Write the URL into it, mode 0600, or leave the setting out.",
      cause,
    });
  }
}
