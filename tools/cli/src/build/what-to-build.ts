import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import { findApp } from "../launcher/app-file.ts";

/**
 * What is built: services of an app by name, or one service by its file. A name never looks like the path of a module: it has neither a slash nor a dot.
 */
export function whatToBuild(
  services: readonly string[],
  options: { readonly app?: string },
  cwd: string,
): { module: string; names: readonly string[] } {
  const [file] = services.filter((name) => /[/\\.]/.test(name));
  if (file === undefined) return { module: findApp(options.app, cwd), names: services };
  if (services.length === 1 && options.app === undefined) {
    const module = resolve(cwd, file);
    if (existsSync(module)) return { module, names: [] };
    throw new KerfError("invalid_configuration", {
      message: `There is no file ${module}.`,
      why: "What is to be built is a path: it has a slash or a dot.",
      fix: "Correct the path, or name a service of the app.",
    });
  }
  throw new KerfError("usage", {
    message: `${file} is the file of a service, and stands beside ${options.app === undefined ? "other services" : "--app"}.`,
    fix: "Build it by itself: kerf build FILE. Services of an app are named without a path.",
  });
}
