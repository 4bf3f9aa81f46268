// Boundary: `node scripts/packed.ts`, which prints a folder with the tarballs of all published packages: packed once for the sources as they are, for
// however many tests install them. The checkout is built afterwards.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { layers } from "../layers.ts";
import { withInstallLock } from "./bootstrap/install-lock.mjs";
import { publishedPackages } from "./build/build-configs.ts";
import { root } from "./root.ts";

const place = join(root, "node_modules/.cache/packed");
const packages = publishedPackages(root, layers).map(({ folder }) => folder);
/** Made by a build, or not of the package. */
const made = /(^|\/)(?:dist(?:\.\d+)?|node_modules)(\/|$)/;

mkdirSync(place, { recursive: true });
const folder = join(place, digestOfSources());
// One at a time: each build begins by removing the one before.
await withInstallLock(place, async () => {
  if (existsSync(folder) && packages.every((each) => existsSync(join(root, each, "dist")))) return;
  for (const name of readdirSync(place))
    if (!name.startsWith(".")) rmSync(join(place, name), { recursive: true, force: true });
  const unfinished = join(place, `.${randomBytes(4).toString("hex")}`);
  try {
    execFileSync(process.execPath, ["--conditions=kerf-source", "scripts/pack.ts", unfinished], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
});
console.log(folder);

/** Changes with every source of a package. */
function digestOfSources(): string {
  const hash = createHash("sha256");
  for (const each of packages)
    for (const path of readdirSync(join(root, each), { recursive: true, encoding: "utf8" })) {
      if (made.test(path)) continue;
      const info = statSync(join(root, each, path), { throwIfNoEntry: false });
      if (info?.isFile() === true) hash.update(`${each}/${path} ${info.size} ${info.mtimeMs}\n`);
    }
  return hash.digest("hex").slice(0, 16);
}
