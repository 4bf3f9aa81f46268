import { dirname } from "node:path";
import { KerfError } from "@kerf/kernel";
import { buildFiles } from "@kerf/service/builds";
import { type OutputAsset, type OutputChunk, rolldown } from "rolldown";
import { bundleProblem } from "./bundle-problem.ts";
import { ModuleUrls } from "./module-urls.ts";
import { sourceModules } from "./source-modules.ts";
import type { SourceNames } from "./source-names.ts";

/** A service's code as one module. */
export interface Bundle {
  /** The module and the map to its sources, by their names in the build. */
  readonly files: ReadonlyMap<string, string>;
  /** Absolute paths of files and folders that modules name by their URL, by their names in the build. */
  readonly assets: ReadonlyMap<string, string>;
  /** Absolute paths of the modules that became one. */
  readonly modules: readonly string[];
  /** What its author should know. */
  readonly notes: readonly string[];
}

/**
 * Puts a module and all that it imports into one: only Kerf's packages, Node's own and `unbundled` ones stay outside. `placed`: folders that have
 * a place of their own in the build. The result depends on nothing but the sources: not on the folder, the time or the machine. Throws `start_failed` with file and line.
 */
export async function bundle(
  module: string,
  names: SourceNames,
  options: { unbundled: readonly string[]; placed: readonly string[] },
): Promise<Bundle> {
  const urls = new ModuleUrls(names, options.placed);
  try {
    const build = await rolldown({
      input: { service: module },
      cwd: dirname(module),
      platform: "node",
      // Aliases are found as the loader finds them, and sources understood as it understands them.
      tsconfig: false,
      transform: { target: "esnext", typescript: { onlyRemoveTypeImports: true } },
      experimental: { attachDebugInfo: "none" },
      plugins: [sourceModules(options.unbundled), urls.plugin()],
      onLog: () => {}, // What matters fails, and is thrown.
    });
    const { output } = await build.generate({
      format: "esm",
      entryFileNames: buildFiles.module,
      codeSplitting: false,
      // Names of classes and functions are part of what programs see: error names, dependency injection.
      keepNames: true,
      minify: false,
      sourcemap: true,
      sourcemapExcludeSources: true,
      sourcemapPathTransform: (source, map) => names.ofMapped(source, map),
    });
    await build.close();
    const modules = output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : []));
    return { files: filesOf(output), assets: urls.assets, modules, notes: urls.notes };
  } catch (thrown) {
    throw thrown instanceof KerfError ? thrown : bundleProblem(thrown, names);
  }
}

function filesOf(output: readonly (OutputChunk | OutputAsset)[]): Map<string, string> {
  return new Map(
    output.map((file) => [
      file.fileName,
      file.type === "chunk" ? file.code : Buffer.from(file.source).toString("utf8"),
    ]),
  );
}
