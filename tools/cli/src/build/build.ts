import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";
import type { BuildOptions } from "../commands/build.ts";
import { homeToStart } from "../connection/home.ts";
import { findApp } from "../launcher/app-file.ts";
import { printJson } from "../output/json.ts";
import { paintFor } from "../output/paint.ts";
import { progressView } from "../output/progress-view.ts";
import { builtText } from "./built-text.ts";
import { runBuilder } from "./run-builder.ts";

/** Builds what is named, shows how far it is, and says what came of it. Throws what the builder says is wrong. */
export async function build(services: readonly string[], options: BuildOptions): Promise<void> {
  const cwd = process.cwd();
  const { module, names } = whatToBuild(services, options, cwd);
  const out =
    options.out === undefined
      ? join(homeToStart(options.home, process.env, cwd), "builds")
      : resolve(cwd, options.out);
  const json = options.json === true;
  const view = json ? undefined : progressView({ json: false, cwd });
  try {
    const args = ["--module", module, "--out", out, "--", ...names];
    const builds = await runBuilder(args, (event) => view?.event(event));
    if (json) printJson({ builds });
    else view?.result(builtText(builds, out, paintFor(process.stdout)));
  } finally {
    view?.close();
  }
}

/** A name never looks like the path of a module: it has neither a slash nor a dot. */
function whatToBuild(
  services: readonly string[],
  options: BuildOptions,
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
