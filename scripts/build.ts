// Boundary: `npm run build`, which makes `dist` of every published package: JavaScript, types and what the code reads beside itself.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { layers } from "../layers.ts";
import { copyAssets } from "./build/assets.ts";
import { publishedPackages } from "./build/build-configs.ts";
import { root } from "./root.ts";

const packages = publishedPackages(root, layers);
// What a deleted source file left behind would be published.
if (process.argv.includes("--clean"))
  for (const { folder } of packages)
    rmSync(join(root, folder, "dist"), { recursive: true, force: true });

const { status, error } = spawnSync("tsc", ["-b", "tsconfig.build.json", "--pretty", "false"], {
  cwd: root,
  stdio: "inherit",
});
if (error !== undefined) throw error;
process.exitCode = status ?? 1;
for (const { folder } of packages) copyAssets(join(root, folder));
