import { isBuiltin } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { type Layer, testsMayImport } from "../../layers.ts";
import { type Import, importsOf } from "./imports.ts";
import { isTest, manifestOf, type Package, packagesOf } from "./packages.ts";

/** One breach of a layer rule. */
export interface Violation {
  /** From the top of the checkout. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** What was done and what the rule says. */
  readonly rule: string;
  /** Why the rule exists. */
  readonly reason: string;
}

/** All breaches of `layers` in the checkout at `root`, in the order of layers, files and lines. */
export function violationsIn(root: string, layers: readonly Layer[]): Violation[] {
  const packages = packagesOf(root, layers);
  const ours = new Set([
    ...layers.map((layer) => layer.name),
    ...packages.map((found) => found.manifest.name),
  ]);
  const rootDevelopment = Object.keys(manifestOf(root, ".").devDependencies ?? {});
  return packages.flatMap((found) => [
    ...manifestViolations(root, found, ours),
    ...found.files.flatMap((file) =>
      importsOf(file, readFileSync(join(root, file), "utf8")).flatMap((imported) =>
        importViolations(found, file, imported, ours, rootDevelopment),
      ),
    ),
  ]);
}

function importViolations(
  { layer, folder, manifest }: Package,
  file: string,
  { specifier, line, kind }: Import,
  ours: ReadonlySet<string>,
  rootDevelopment: readonly string[],
): Violation[] {
  const test = isTest(file);
  const breach = (rule: string, reason: string): Violation[] => [{ file, line, rule, reason }];

  if (specifier.startsWith(".")) {
    const target = posix.join(dirname(file), specifier);
    if (!test && isTest(target))
      return breach(`imports ${specifier}, which only tests may`, "dist leaves tests out.");
    if (target === folder || target.startsWith(`${folder}/`)) return [];
    return breach(
      `imports ${specifier}, which leaves ${folder}`,
      "Another package is imported by its name, so that its exports stay its only surface.",
    );
  }
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith("node:"))
      return breach(
        `imports ${specifier} without node:`,
        "node: says at a glance that this is no dependency.",
      );
    if (layer.browser === true && !test)
      return breach(
        `${manifest.name} imports ${specifier}, but also runs in browsers`,
        layer.reason,
      );
    return [];
  }

  const name = packageOf(specifier);
  if (name === manifest.name) {
    return test || folder.startsWith("tests")
      ? []
      : breach(
          `imports itself by name (${specifier})`,
          "Inside a package files import each other by path.",
        );
  }
  if (ours.has(name)) {
    if (!allowed(layer, test).includes(name) && layer.imports !== "everything")
      return breach(
        `${manifest.name} ${kind === "type" ? "imports types of" : "imports"} ${name}; ${mayImport(layer)}`,
        layer.reason,
      );
    if (test || layer.imports === "everything" || declared(manifest).includes(name)) return [];
    if (layer.bundled === true && name in (manifest.devDependencies ?? {})) return [];
    return breach(`imports ${name}, which its package.json does not name`, undeclared);
  }
  const development = test || manifest.private === true || layer.bundled === true;
  const known = [
    ...declared(manifest),
    ...(development ? Object.keys(manifest.devDependencies ?? {}) : []),
    ...(test ? rootDevelopment : []),
  ];
  return known.includes(name)
    ? []
    : breach(`imports ${name}, which its package.json does not name`, undeclared);
}

const undeclared = "Outside of this workspace only what package.json names is installed.";

function manifestViolations(
  root: string,
  { layer, folder, manifest }: Package,
  ours: ReadonlySet<string>,
): Violation[] {
  if (layer.imports === "everything") return [];
  const file = `${folder}/package.json`;
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const named = [...declared(manifest), ...Object.keys(manifest.devDependencies ?? {})];
  const may = [...layer.imports, ...(layer.starts ?? [])];
  return named
    .filter((name) => ours.has(name) && !may.includes(name))
    .filter((name) => !(name in (manifest.devDependencies ?? {}) && testsMayImport.includes(name)))
    .map((name) => ({
      file,
      line: lines.findIndex((line) => line.includes(`"${name}":`)) + 1,
      rule: `${manifest.name} depends on ${name}; ${mayImport(layer)}`,
      reason: layer.reason,
    }));
}

function allowed(layer: Layer, test: boolean): readonly string[] {
  if (layer.imports === "everything") return [];
  return test ? [...layer.imports, ...testsMayImport] : layer.imports;
}

function mayImport({ imports, starts }: Layer): string {
  const list =
    imports === "everything" || imports.length === 0 ? "nothing of ours" : imports.join(", ");
  return `it may import ${list}${starts === undefined ? "" : ` and start ${starts.join(", ")}`}`;
}

function declared(manifest: Package["manifest"]): string[] {
  return Object.keys({
    ...manifest.dependencies,
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
  });
}

/** The package that a specifier belongs to: `@kerf/data/embedded` → `@kerf/data`. */
export function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
