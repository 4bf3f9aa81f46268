import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { TsConfigResult } from "get-tsconfig";

/** What the loader needs of a tsconfig. */
export interface LoaderTsconfig {
  readonly options: Readonly<NonNullable<TsConfigResult["config"]["compilerOptions"]>>;
  /** The paths that `paths` and `baseUrl` give an import that is no relative one. */
  candidates(specifier: string): string[];
}

const byFolder = new Map<string, LoaderTsconfig | undefined>();
const require = createRequire(import.meta.url);

/** The tsconfig.json that governs a file, `extends` included: the nearest one above it. */
export function tsconfigOf(file: string): LoaderTsconfig | undefined {
  const folder = dirname(file);
  if (byFolder.has(folder)) return byFolder.get(folder);
  // Required when first needed: most apps need neither aliases nor a transform.
  const { getTsconfig, createPathsMatcher } =
    require("get-tsconfig") as typeof import("get-tsconfig");
  const found = getTsconfig(folder);
  const matcher = found === null ? null : createPathsMatcher(found);
  const made: LoaderTsconfig | undefined =
    found === null
      ? undefined
      : {
          options: found.config.compilerOptions ?? {},
          candidates: (specifier) => matcher?.(specifier) ?? [],
        };
  byFolder.set(folder, made);
  return made;
}
