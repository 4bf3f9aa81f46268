import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";

/** Folder of the state when nothing else is said, below the project. */
const folder = ".kerf";

/** Where the state of a running platform lies: as given, from KERF_HOME, or the nearest `.kerf` from `cwd` upward. */
export function findHome(given: string | undefined, env: NodeJS.ProcessEnv, cwd: string): string {
  const named = given ?? env["KERF_HOME"];
  if (named !== undefined && named !== "") return resolve(cwd, named);
  for (const directory of upward(cwd)) {
    const home = join(directory, folder);
    // A folder of that name without a token never held a platform.
    if (existsSync(join(home, "token"))) return home;
  }
  throw new KerfError("platform_unreachable", {
    message: "No platform has been started here.",
    why: `Neither ${cwd} nor a folder above it holds ${folder}, and KERF_HOME is not set.`,
    fix: "Start the app with kerf dev or kerf up, run this in the app's folder, or pass --home DIR.",
  });
}

/** Where `kerf dev` keeps its state: as given, from KERF_HOME, or `.kerf` beside the nearest package.json. */
export function homeToStart(
  given: string | undefined,
  env: NodeJS.ProcessEnv,
  cwd: string,
): string {
  const named = given ?? env["KERF_HOME"];
  if (named !== undefined && named !== "") return resolve(cwd, named);
  const project = upward(cwd).find((directory) => existsSync(join(directory, "package.json")));
  return join(project ?? cwd, folder);
}

/** The folder and everything above it, nearest first. */
export function upward(from: string): string[] {
  const directories = [resolve(from)];
  for (;;) {
    const last = directories.at(-1) as string;
    const parent = dirname(last);
    if (parent === last) return directories;
    directories.push(parent);
  }
}
