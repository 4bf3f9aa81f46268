import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Boot } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import { loading, loadService } from "../declaration/load.ts";
import type { ServiceModule } from "../declaration/app.ts";
import type { AnyService } from "../declaration/service.ts";
import { provideHostPackages } from "../loader/host-packages.ts";
import { buildFiles } from "./descriptor.ts";
import { type Build, openBuild } from "./open-build.ts";

const opened = new Map<string, Build>();

/** Opens a build once in the life of this process; its module finds Kerf's packages in this process from then on. */
export function useBuild(directory: string): Build {
  let build = opened.get(directory);
  if (build === undefined) {
    build = openBuild(directory);
    provideHostPackages(directory);
    // Stack traces name the author's files: every build has its map beside it.
    process.setSourceMapsEnabled(true);
    opened.set(directory, build);
  }
  return build;
}

/** Loads the service of a build. Throws `start_failed` with file and line, or `invalid_configuration` for what is no build of it. */
export async function loadBuild(name: string, directory: string): Promise<AnyService> {
  const { descriptor } = useBuild(directory);
  if (descriptor.service.name !== name) {
    throw new KerfError("invalid_configuration", {
      message: `The build in ${directory} is one of ${descriptor.service.name}, not of ${name}.`,
      fix: "Give each service a build of its own.",
    });
  }
  const module = (): ReturnType<ServiceModule> =>
    import(pathToFileURL(join(directory, buildFiles.module)).href);
  return loading(`The build of ${name}`, () => loadService(`the build of ${name}`, module));
}

/** What a sidecar starts for a service of a build: the program's files as the build has them. */
export function programOfBuild(directory: string): Boot["program"] {
  const { program } = useBuild(directory).descriptor.service;
  return program && { command: program.command, cwd: join(directory, buildFiles.program) };
}
