import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Layer } from "../../layers.ts";

/** What the check needs of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version?: string;
  readonly private?: boolean;
  readonly exports?: Readonly<
    Record<string, { "kerf-source": string; types: string; default: string }>
  >;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package on disk with its layer. */
export interface Package {
  readonly layer: Layer;
  /** Its folder, from the top of the checkout, with slashes. */
  readonly folder: string;
  readonly manifest: Manifest;
  /** Its source and test files, sorted, from the top of the checkout. */
  readonly files: readonly string[];
}

const sources = "**/*.{ts,tsx,mts,cts,js,mjs,cjs}";
const notSources = /(^|\/)(node_modules|dist|fixtures|templates)(\/|$)/;

/** The packages of `layers` that exist below `root`, in the order of the layers. */
export function packagesOf(root: string, layers: readonly Layer[]): Package[] {
  return layers.flatMap((layer) =>
    globSync(layer.folder, { cwd: root })
      .map((folder) => folder.replaceAll("\\", "/"))
      .filter((folder) => existsSync(join(root, folder, "package.json")))
      .sort()
      .map((folder) => ({
        layer,
        folder,
        manifest: manifestOf(root, folder),
        files: filesOf(root, folder),
      })),
  );
}

/** Reads one package.json. */
export function manifestOf(root: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
}

/** Whether a file is a test or what several tests share (`src/…/testing/`): it may use the test kit, and dist leaves it out. */
export function isTest(path: string): boolean {
  return /\.test\.[cm]?[jt]sx?$/.test(path) || /\/src\/(.*\/)?testing\//.test(path);
}

function filesOf(root: string, folder: string): string[] {
  return globSync(`${folder}/${sources}`, { cwd: root, exclude: (path) => notSources.test(path) })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => !notSources.test(path.slice(folder.length)))
    .sort();
}
