import { copyFileSync, globSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * Copies what tsc leaves behind from `src` to the same place in `dist`: templates, SQL, shell scripts, pages. Code reads
 * them beside itself (`new URL("x.sql", import.meta.url)`), so they have to be beside the built code too. Answers how many.
 */
export function copyAssets(folder: string): number {
  const assets = globSync("src/**/*", { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => isAsset(path));
  for (const path of assets) {
    const target = join(folder, "dist", path.slice("src/".length));
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(folder, path), target);
  }
  return assets.length;
}

/** Whether a file below `src` is copied: everything but TypeScript that tsc compiles, and what only tests read. */
export function isAsset(path: string): boolean {
  const folders = path.split("/").slice(1, -1);
  if (folders.includes("fixtures") || folders.includes("testing")) return false;
  return folders.includes("templates") || !/\.[cm]?tsx?$/.test(path);
}
