import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { layers } from "../layers.ts";
import { withInstallLock } from "../scripts/bootstrap/install-lock.mjs";
import { publishedPackages } from "../scripts/build/build-configs.ts";

const checkout = resolve(import.meta.dirname, "..");
const place = join(checkout, "node_modules/.cache/packed");
/** Made by a build, or not of the package. */
const made = /(^|\/)(?:dist(?:\.\d+)?|node_modules)(\/|$)/;

/**
 * The tarballs of all packages as they would be published, by absolute path: packed once for the sources as they are, however many tests install them.
 * The checkout is built afterwards.
 */
export async function packedPackages(): Promise<string[]> {
  mkdirSync(place, { recursive: true });
  const folder = join(place, digestOfSources());
  // One build at a time: each begins by removing what is there.
  await withInstallLock(place, async () => {
    if (existsSync(folder) && existsSync(join(checkout, "kerf/dist"))) return;
    for (const name of readdirSync(place))
      if (!name.startsWith(".")) rmSync(join(place, name), { recursive: true, force: true });
    const unfinished = join(place, `.${randomBytes(4).toString("hex")}`);
    try {
      execFileSync(process.execPath, ["--conditions=kerf-source", "scripts/pack.ts", unfinished], {
        cwd: checkout,
        // Where npm was started says nothing of where this is to go.
        env: { ...process.env, INIT_CWD: checkout },
        stdio: ["ignore", "ignore", "pipe"],
      });
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  });
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Changes with every source of a package. */
function digestOfSources(): string {
  const hash = createHash("sha256");
  const folders = publishedPackages(checkout, layers).map(({ folder }) => folder);
  for (const folder of folders)
    for (const path of readdirSync(join(checkout, folder), { recursive: true, encoding: "utf8" })) {
      if (made.test(path)) continue;
      const info = statSync(join(checkout, folder, path));
      if (info.isFile()) hash.update(`${folder}/${path} ${info.size} ${info.mtimeMs}\n`);
    }
  return hash.digest("hex").slice(0, 16);
}
