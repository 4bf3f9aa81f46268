// Boundary: `npm run pack -- DIR`, which builds every published package and writes its tarball to DIR, as npm would publish it.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { layers } from "../layers.ts";
import { publishedPackages } from "./build/build-configs.ts";
import { root } from "./root.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error("Usage: npm run pack -- DIR");
  process.exit(2);
}
// npm runs scripts in the checkout; the folder is meant from where the command was typed.
const target = resolve(process.env["INIT_CWD"] ?? process.cwd(), directory);
mkdirSync(target, { recursive: true });

run("node", ["--conditions=kerf-source", "scripts/build.ts", "--clean"]);
const packages = publishedPackages(root, layers);
for (const { folder } of packages) rmSync(join(root, folder, "dist/.tsbuildinfo"), { force: true });
const workspaces = packages.flatMap(({ manifest }) => ["--workspace", manifest.name]);
run("npm", ["pack", "--silent", "--pack-destination", target, ...workspaces]);

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
