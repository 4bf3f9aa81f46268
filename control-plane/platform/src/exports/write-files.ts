import { chmod, chown, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { containerUser } from "./export-options.ts";

/**
 * Writes the files of an export below a folder, each whole or not at all. Secrets that are there already stay as they are, so that an export can be made anew;
 * they are readable by their owner only, which is the user of the containers where root writes them. Returns what was written.
 */
export async function writeFiles(
  out: string,
  {
    files,
    given = [],
    secrets = {},
  }: {
    files: Readonly<Record<string, string>>;
    secrets?: Readonly<Record<string, string>>;
    /** Names of secrets that are written whatever is there. */
    given?: readonly string[];
  },
): Promise<string[]> {
  const written: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(out, name);
    if ((await existing(path)) === text) continue;
    await replace(path, text, 0o644);
    written.push(path);
  }
  const isRoot = process.getuid?.() === 0;
  for (const [name, text] of Object.entries(secrets)) {
    const path = join(out, "secrets", name);
    const before = await existing(path);
    if (before === text || (before !== undefined && !given.includes(name))) continue;
    await replace(path, text, 0o600);
    if (isRoot) await chown(path, containerUser, containerUser);
    written.push(path);
  }
  if (Object.keys(secrets).length > 0) {
    await chmod(join(out, "secrets"), isRoot ? 0o711 : 0o700);
    // What is secret is not committed by accident.
    await replace(join(out, "secrets", ".gitignore"), "*\n", 0o644);
    const user = isRoot ? containerUser : (process.getuid?.() ?? containerUser);
    const group = isRoot ? containerUser : (process.getgid?.() ?? containerUser);
    await replace(join(out, ".env"), `KERF_USER=${user}:${group}\n`, 0o644);
  }
  return written;
}

/** The text of a file, if there is one. */
export async function existing(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}

/** Writes a file whole or not at all. */
export async function replace(path: string, text: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, text, { mode, flush: true });
  await rename(draft, path);
}
