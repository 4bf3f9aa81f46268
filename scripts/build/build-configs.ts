import { posix } from "node:path";
import type { Layer } from "../../layers.ts";
import { type Package, packagesOf } from "../layers/packages.ts";

/** The packages that are published, lowest layer first. */
export function publishedPackages(root: string, layers: readonly Layer[]): Package[] {
  return packagesOf(root, layers).filter(({ manifest }) => manifest.private !== true);
}

/** The packages that tsc builds: all but those whose dist is one bundle, which vite makes. */
export function compiledPackages(root: string, layers: readonly Layer[]): Package[] {
  return publishedPackages(root, layers).filter(({ layer }) => layer.bundled !== true);
}

/**
 * The build configuration of every published package and the one over all, path → text. Project references follow
 * package.json, so that `tsc -b` builds in the order in which the packages need each other.
 */
export function buildConfigs(root: string, layers: readonly Layer[]): Map<string, string> {
  const packages = compiledPackages(root, layers);
  const folders = new Map(packages.map(({ manifest, folder }) => [manifest.name, folder]));
  const configs = packages.map(({ folder, manifest }) => {
    const used = Object.keys(manifest.dependencies ?? {}).flatMap(
      (name) => folders.get(name) ?? [],
    );
    const config = {
      extends: posix.relative(folder, "tsconfig.base.json"),
      compilerOptions: {
        composite: true,
        rootDir: "src",
        outDir: "dist",
        tsBuildInfoFile: "dist/.tsbuildinfo",
      },
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts", "src/**/testing", "src/**/fixtures", "src/**/templates"],
      references: used.map((other) => ({
        path: posix.relative(folder, `${other}/tsconfig.build.json`),
      })),
    };
    return [`${folder}/tsconfig.build.json`, text(config)] as const;
  });
  const whole = { files: [], references: configs.map(([path]) => ({ path: `./${path}` })) };
  return new Map([...configs, ["tsconfig.build.json", text(whole)]]);
}

function text(config: object): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}
