import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The volumes of Docker in which a folder of state has data: each container that keeps some has its volume written down. */
export async function volumesOf(home: string): Promise<string[]> {
  const folder = join(home, "backing");
  const names = await readdir(folder).catch(() => []);
  const volumes = await Promise.all(
    names.map((name) => readFile(join(folder, name, "volume"), "utf8").catch(() => "")),
  );
  return volumes
    .map((volume) => volume.trim())
    .filter((volume) => volume !== "")
    .toSorted((a, b) => (a < b ? -1 : 1));
}
