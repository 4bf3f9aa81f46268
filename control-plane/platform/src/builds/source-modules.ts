import { isBuiltin } from "node:module";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { KerfError } from "@kerf/kernel";
import {
  findImport,
  isHostPackage,
  mayNeedTransform,
  transformedSource,
} from "@kerf/service/sources";
import type { Plugin } from "rolldown";

/**
 * Finds and reads modules as the loader does that runs them from source: tsconfig paths, imports without extension, decorators and enums. `unbundled`: names of
 * packages that stay outside.
 */
export function sourceModules(unbundled: readonly string[]): Plugin {
  return {
    name: "kerf-source-modules",
    async resolveId(source, importer) {
      if (importer === undefined) return null;
      if (isHostPackage(source) || isBuiltin(source)) return { id: source, external: true };
      if (unbundled.includes(packageOf(source))) return { id: source, external: true };
      const given = source.startsWith("file:") ? fileURLToPath(source) : source;
      const found = await this.resolve(given, importer, { skipSelf: true });
      if (found !== null && !found.external) return machineCode(found.id, importer) ?? found;
      const own = isAbsolute(importer) ? findImport(source, importer) : undefined;
      return own ?? null;
    },
    load(id) {
      if (!mayNeedTransform(id) || id.includes("/node_modules/")) return null;
      const result = transformedSource(id);
      return result === undefined
        ? null
        : { code: result.code, map: (result.map ?? null) as never, moduleType: "js" };
    },
  };
}

/** `zod` of `zod/v4`, `@scope/name` of `@scope/name/deep`. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

function machineCode(file: string, importer: string): undefined {
  if (!file.endsWith(".node")) return undefined;
  const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(importer)?.[1];
  throw new KerfError("start_failed", {
    message: `${name === undefined ? importer : `The package ${name}`} loads machine code, which cannot be part of a module: ${file}`,
    fix:
      name === undefined
        ? "Load it from a package of its own."
        : `Say in the project's package.json that it stays a package: "kerf": { "unbundled": ["${name}"] }`,
  });
}
