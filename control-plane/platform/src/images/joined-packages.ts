import { readFileSync } from "node:fs";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { rolldown } from "rolldown";
import { installed, type Wanted } from "../builds/unbundled-packages.ts";

/**
 * Packages of many small files that every program with a database loads: finding and reading 300 files takes Kysely a fifth of all that a
 * start costs, and as one module a tenth of that.
 */
export const joinedPackages: readonly string[] = ["kysely", "pg"];

/** Never there, or asked for only where it is. */
const absent = ["pg-native", /^cloudflare:/];

/** A package with all that it depends on as one module: its files by their names. Depends on nothing but the package. */
export async function joinedPackage({ from, name }: Wanted): Promise<Map<string, Uint8Array>> {
  const folder = installed(name, from);
  if (folder === undefined) {
    throw new KerfError("invalid_configuration", {
      message: `The package ${name} is not installed, and ${from} needs it.`,
      fix: "Install it: npm install",
    });
  }
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    version: string;
    license?: string;
  };
  const build = await rolldown({
    input: { index: name },
    cwd: from,
    platform: "node",
    tsconfig: false,
    external: absent,
    experimental: { attachDebugInfo: "none" },
    onLog: () => {}, // What matters fails, and is thrown.
  });
  const { output } = await build.generate({
    format: "esm",
    entryFileNames: "[name].js",
    codeSplitting: false,
    keepNames: true,
    sourcemap: false,
  });
  await build.close();
  const described = {
    name,
    version: manifest.version,
    license: manifest.license,
    type: "module",
    exports: { ".": "./index.js", "./package.json": "./package.json" },
  };
  return new Map([
    ["index.js", Buffer.from(output[0].code)],
    ["package.json", Buffer.from(`${JSON.stringify(described, undefined, 2)}\n`)],
  ]);
}
