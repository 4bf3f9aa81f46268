import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Folder that the peers are installed in; outside of the workspace, so that `npm start` never needs them. */
export const peersFolder = fileURLToPath(new URL("../peers/", import.meta.url));

/** Installs the peers of a folder as their lock file says, once. */
export async function installPeers(
  log: (line: string) => void,
  folder: string = peersFolder,
): Promise<void> {
  const stamp = `${folder}node_modules/.installed`;
  const lock = await readFile(`${folder}package-lock.json`, "utf8");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === lock) return;
  log("installing the peers (once) …");
  // Peers run no install scripts of theirs: what we compare with needs none.
  await promisify(execFile)("npm", ["ci", "--ignore-scripts"], { cwd: folder });
  await writeFile(stamp, lock);
}
