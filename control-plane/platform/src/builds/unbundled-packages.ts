import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { buildFiles } from "@kerf/service/builds";
import { addContent, type Content } from "./content.ts";
import { folderFiles } from "./folder-files.ts";

/** Most packages that may stay packages, with all that they depend on. */
const mostPackages = 500;

interface PackageFile {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly kerf?: { readonly unbundled?: unknown };
}

/** Packages beside a module. */
export interface Packages {
  readonly content: Content;
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  /** Where they run, when they hold machine code. */
  readonly platform: string | undefined;
}

/** The names that a project's package.json gives as `"kerf": { "unbundled": [...] }`. Throws `invalid_configuration`. */
export function unbundledOf(root: string): string[] {
  const file = join(root, "package.json");
  if (!existsSync(file)) return [];
  const names = readPackage(root).kerf?.unbundled ?? [];
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw new KerfError("invalid_configuration", {
    message: `${file}: kerf.unbundled is no list of names of packages.`,
    fix: 'Write it as "kerf": { "unbundled": ["sharp"] }.',
  });
}

/** A package, and the folder of who asks for it. */
export interface Wanted {
  readonly name: string;
  readonly from: string;
}

/** Copies packages with all that they depend on; each lies where the one that asks for it finds it. Throws `invalid_configuration` for what is not installed. */
export function copyPackages(wanted: readonly Wanted[]): Packages {
  const content: Content = new Map();
  const placed = new Map<string, string>();
  const packages: { name: string; version: string }[] = [];

  // Breadth first: what the project itself names lies at the top, whatever others want under the same name.
  const asked = wanted
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, from }) => ({ name, from, below: "", optional: false }));
  for (const { name, from, below, optional } of asked) {
    const folder = installed(name, from);
    if (folder === undefined) {
      if (optional) continue; // Of another platform, mostly.
      throw new KerfError("invalid_configuration", {
        message: `The package ${name} is not installed, and ${from} needs it.`,
        fix: "Install it: npm install",
      });
    }
    // At the top if nothing else is there, or below the one that asks, as npm does it.
    const top = `${buildFiles.packages}/${name}`;
    const at = [top, `${below}/${buildFiles.packages}/${name}`].find(
      (path) => (placed.get(path) ?? folder) === folder,
    );
    if (at === undefined || placed.has(at)) continue;
    if (placed.size >= mostPackages) throw tooMany(wanted.map(({ name }) => name));
    placed.set(at, folder);
    const { version = "", dependencies = {}, optionalDependencies = {} } = readPackage(folder);
    packages.push({ name, version });
    addContent(content, folderFiles(folder, at, { what: `The package ${name}`, all: true }));
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies }).toSorted()) {
      const isOptional = dependency in optionalDependencies;
      asked.push({ name: dependency, from: folder, below: at, optional: isOptional });
    }
  }

  const hasMachineCode = [...content.keys()].some((path) => path.endsWith(".node"));
  return {
    content,
    packages: packages.toSorted((a, b) =>
      `${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1,
    ),
    platform: hasMachineCode ? `${process.platform}-${process.arch}` : undefined,
  };
}

/** The folder of a package as a module in `from` finds it; undefined where it is not installed. */
export function installed(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return realpathSync(folder);
    if (dirname(at) === at) return undefined;
  }
}

function readPackage(folder: string): PackageFile {
  const file = join(folder, "package.json");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as PackageFile;
  } catch (cause) {
    throw new KerfError("invalid_configuration", {
      message: `${file} cannot be read.`,
      why: (cause as Error).message,
      cause,
    });
  }
}

function tooMany(names: readonly string[]): KerfError {
  return new KerfError("invalid_configuration", {
    message: `${names.join(", ")} depend on more than ${mostPackages} packages.`,
    why: "kerf.unbundled is for the few packages that cannot be part of a module.",
    fix: "Take out of it what can.",
  });
}
