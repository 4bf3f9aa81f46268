import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { docker } from "./docker.ts";

const run = promisify(execFile);

/** An image of Redis that is asked for as that of its makers is, from the program of this machine and the libraries that it loads. */
export async function buildRedisImage(name: string, program: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "kerf-redis-image-"));
  try {
    const put = async (from: string, to = from): Promise<void> => {
      const path = join(folder, "root", to);
      await mkdir(dirname(path), { recursive: true });
      await cp(from, path, { dereference: true });
    };
    await put(program, "/usr/bin/redis-server");
    const { stdout } = await run("ldd", [program]);
    for (const [path] of stdout.matchAll(/\/\S+/g)) await put(path);
    const lines = [
      "FROM scratch",
      "COPY root /",
      "ENV PATH=/usr/bin",
      "ENTRYPOINT []",
      'CMD ["redis-server"]',
    ];
    await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    await docker("build", "--quiet", "--tag", name, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
