import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findBinaries } from "@kerf/data/embedded";
import { docker } from "./docker.ts";

const run = promisify(execFile);
const source = join(import.meta.dirname, "postgres");
/** What of the C library PostgreSQL needs and Node does not. */
const more = /^\s*(?:librt|libpthread|libdl)\.so\S* => (\S+)/gm;

/** An image of PostgreSQL that is asked for as that of its makers is, from the PostgreSQL that npm brings. `base`: an image with Node in it. */
export async function buildPostgresImage(name: string, base: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-postgres-image-"));
  try {
    // With the links of its libraries, which npm does not bring.
    const native = join((await findBinaries()).root, "native");
    await cp(source, folder, { recursive: true });
    await cp(native, join(folder, "native"), { recursive: true, verbatimSymlinks: true });
    // initdb starts its children through a shell.
    await cp("/bin/sh", join(folder, "sh"), { dereference: true });
    await mkdir(join(folder, "lib"));
    const { stdout } = await run("ldd", [join(native, "bin/postgres")]);
    for (const [, path = ""] of stdout.matchAll(more))
      await cp(path, join(folder, "lib", path.split("/").at(-1) ?? ""), { dereference: true });
    await mkdir(join(folder, "data"));
    await writeFile(
      join(folder, "passwd"),
      "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\n",
    );
    await docker("build", "--quiet", "--tag", name, "--build-arg", `base=${base}`, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
