// Boundary: `npm run build`, which makes `dist` of every published package: JavaScript, types and what the code reads beside itself.
import { spawnSync } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { layers } from "../layers.ts";
import { copyAssets } from "./build/assets.ts";
import { compiledPackages, publishedPackages } from "./build/build-configs.ts";
import { root } from "./root.ts";

const packages = compiledPackages(root, layers);
const bundled = publishedPackages(root, layers).filter(({ layer }) => layer.bundled === true);
// What a deleted source file left behind would be published.
if (process.argv.includes("--clean"))
  for (const { folder } of packages)
    rmSync(join(root, folder, "dist"), { recursive: true, force: true });

run(root, "tsc", ["-b", "tsconfig.build.json", "--pretty", "false"]);
for (const { folder } of packages) copyAssets(join(root, folder));
for (const { folder } of bundled) bundle(join(root, folder));

/** Bundles beside the place and then into it: a platform that starts meanwhile reads a whole build, this one or the last. */
function bundle(folder: string): void {
  const beside = `dist.${process.pid}`;
  const [target, place] = [join(folder, beside), join(folder, "dist")];
  try {
    if (!run(folder, "vite", ["build", "--logLevel", "warn", "--outDir", beside])) return;
    rmSync(place, { recursive: true, force: true });
    renameSync(target, place);
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** Runs one of our tools, and answers whether it succeeded; the build has failed when one did not. */
function run(cwd: string, tool: string, args: readonly string[]): boolean {
  const { status, error } = spawnSync(tool, args, { cwd, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exitCode = status ?? 1;
  return status === 0;
}
