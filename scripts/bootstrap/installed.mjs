import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linkPostgres } from "./postgres-links.mjs";

const stampOf = (root) => join(root, "node_modules", ".kerf-installed");

function wanted(lockText) {
  const lock = createHash("sha256").update(lockText).digest("hex");
  return `${process.platform}-${process.arch} ${lock}`;
}

/**
 * Whether node_modules holds what package-lock.json asks for, on this platform. Reads the lock file and one stamp; no more when they agree.
 *
 * @param {string} root
 */
export function installed(root) {
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
  const stamp = read(stampOf(root));
  if (stamp === wanted(lockText)) return true;
  if (!npmInstalled(root, JSON.parse(lockText))) return false;
  // A contributor ran `npm install` by hand: nothing to do but what npm leaves out.
  linkPostgres(root);
  markInstalled(root);
  return true;
}

/**
 * Records that node_modules is complete; the last step of every installation.
 *
 * @param {string} root
 */
export function markInstalled(root) {
  const lockText = readFileSync(join(root, "package-lock.json"), "utf8");
  writeFileSync(stampOf(root), wanted(lockText));
}

/** Compares the lock file with npm's own record of what it installed. */
function npmInstalled(root, lock) {
  const record = read(join(root, "node_modules", ".package-lock.json"));
  if (record === undefined) return false;
  let packages;
  try {
    ({ packages } = JSON.parse(record));
  } catch {
    return false;
  }
  return Object.entries(lock.packages).every(([path, entry]) => {
    if (!path.startsWith("node_modules/")) return true;
    const found = packages[path];
    if (found === undefined) return entry.optional === true && !fits(entry);
    if (!existsSync(join(root, path))) return false;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** Whether npm would install an optional package here. A libc it names is npm's to judge: such a package may be missing. */
function fits(entry) {
  const names = (list, value) => list === undefined || list.includes(value);
  return (
    names(entry.os, process.platform) &&
    names(entry.cpu, process.arch) &&
    entry.libc === undefined &&
    (entry.os !== undefined || entry.cpu !== undefined)
  );
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
