import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const directories = new Set<string>();

/**
 * What a module below `directory` imports as `kerf` or `@kerf/…` is what this process has of it, wherever the folder lies: a build
 * brings everything else along. It stays so until the process ends.
 */
export function provideHostPackages(directory: string): void {
  if (directories.size === 0) {
    registerHooks({
      resolve: (specifier, context, nextResolve) =>
        nextResolve(
          specifier,
          isHostPackage(specifier) && isInBuild(context.parentURL)
            ? { ...context, parentURL: import.meta.url }
            : context,
        ),
    });
  }
  directories.add(pathToFileURL(join(directory, "/")).href);
}

/** Whether the host that runs a build brings it. */
export function isHostPackage(specifier: string): boolean {
  return /^(?:kerf(?:\/|$)|@kerf\/)/.test(specifier);
}

function isInBuild(url: string | undefined): boolean {
  if (url === undefined) return false;
  for (const directory of directories) if (url.startsWith(directory)) return true;
  return false;
}
