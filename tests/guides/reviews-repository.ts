import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { packedPackages } from "../packed-packages.ts";

const checkout = resolve(import.meta.dirname, "../..");
const reviews = join(checkout, "docs/guides/examples/reviews");
const tsc = join(checkout, "node_modules/.bin/tsc");
const zod = "4.6.7";

/** The packages that `npm install` takes from files in the place of a registry. */
export interface Packed {
  /** Absolute paths by name. */
  readonly tarballs: Readonly<Record<string, string>>;
  readonly env: NodeJS.ProcessEnv;
}

/** Kerf as it would be published. */
export function packedKerf(env: NodeJS.ProcessEnv): Packed {
  const tarballs = packedPackages().map((path): [string, string] => {
    const [, name = ""] = /^(.*)-\d[^-]*\.tgz$/.exec(basename(path)) ?? [];
    return [name.replace(/^kerf-/, "@kerf/"), path];
  });
  return { tarballs: Object.fromEntries(tarballs), env };
}

/** Packs the contract of the shop's catalogue alone, as its owners would publish it; answers the tarball. `change`: what they have made of it. */
export function packContract(
  folder: string,
  { env }: Packed,
  version: string,
  change: (source: string) => string = (source) => source,
): string {
  const source = readFileSync(join(checkout, "examples/shop/catalog/contract.ts"), "utf8");
  const project = join(folder, `contract-${version}`);
  mkdirSync(join(project, "catalog"), { recursive: true });
  writeFileSync(join(project, "catalog", "contract.ts"), change(source));
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({
      name: "shop",
      version,
      type: "module",
      exports: { "./catalog/contract": "./catalog/contract.js" },
      files: ["catalog/contract.js", "catalog/contract.d.ts"],
      peerDependencies: { kerf: "0.1.0", zod },
    }),
  );
  // Types and code without types, as a package has them; Kerf was built when it was packed.
  symlinkSync(join(checkout, "node_modules"), join(project, "node_modules"));
  const options = ["--declaration", "--module", "nodenext", "--target", "esnext", "--skipLibCheck"];
  execFileSync(tsc, [...options, "--ignoreConfig", "catalog/contract.ts"], { cwd: project });
  rmSync(join(project, "node_modules"));
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: project,
    env,
    encoding: "utf8",
  });
  return join(folder, packed.trim());
}

/** Writes the repository of `reviews`, with nothing installed. */
export function makeReviews(folder: string, packed: Packed, contract: string): void {
  cpSync(reviews, folder, { recursive: true });
  dependOn(folder, packed, contract);
  execFileSync("git", ["init", "--quiet", folder]);
}

/** What `reviews` depends on: Kerf, the contract, and nothing of the checkout. */
export function dependOn(folder: string, { tarballs }: Packed, contract: string): void {
  const files = Object.entries({ ...tarballs, shop: contract });
  const manifest = {
    name: "reviews",
    private: true,
    type: "module",
    dependencies: {
      zod,
      ...Object.fromEntries(files.map(([name, file]) => [name, `file:${file}`])),
    },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, undefined, 2));
}
