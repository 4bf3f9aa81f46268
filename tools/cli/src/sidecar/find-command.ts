import { accessSync, constants, statSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";

/**
 * The absolute path of a command as this terminal finds it, virtual environments of Python included: the platform's own PATH may
 * be another. Throws `usage` when there is none.
 */
export function findCommand(name: string, cwd: string, path: string): string {
  const places = /[/\\]/.test(name)
    ? [resolve(cwd, name)]
    : path.split(delimiter).map((folder) => resolve(cwd, folder, name));
  const found = places.find(isExecutable);
  if (found !== undefined) return found;
  throw new KerfError("usage", {
    message: `There is no program ${name} here.`,
    why: places.length === 1 ? `${places[0]} is none.` : "No folder of PATH has it.",
    fix: "Install it, or give its path: kerf sidecar --service NAME -- ./program",
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
